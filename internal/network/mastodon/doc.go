// Package mastodon speaks the client API of Mastodon, which GoToSocial, Pleroma, Akkoma and others speak too.
//
// # What Find can know
//
// A post carries nothing of ours by which it could be told from another with the same words. Mastodon remembers the
// Idempotency-Key of a request for an hour and answers a second one with the first post; GoToSocial takes the header
// and ignores it. So nothing is ever sent again on the strength of the key. When the outcome of an attempt is not
// known, Find reads the account's own latest posts and looks for one that answers the same post with the same
// words, written after the draft was:
//
//   - it is there: it was published;
//   - it is there, but written a moment before the draft, by the clock of the server as its answers tell it: nobody
//     can say whose it is, and Find says Ambiguous;
//   - the posts were read back to before the draft and it is not among them: it surely was not published, once the
//     server has had a while to finish what it had begun (settled). That also is Ambiguous for a private answer on
//     a server other than Mastodon, which does not promise to list those.
//
// The key is sent all the same: it keeps a proxy's own repetition from becoming a second post. The program's HTTP
// client would repeat a request with such a header by itself; the body of ours cannot be read twice, which stops it.
package mastodon
