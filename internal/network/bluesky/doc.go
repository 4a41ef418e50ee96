// Package bluesky speaks the AT protocol for the accounts of Bluesky, wherever their data lives.
//
// An account is a DID; its name may change. Its own server (PDS) keeps what it writes, and passes what it reads on to
// the network's index. Entering is by an app password: a session of two tokens, of which the first serves for an
// hour or two and the second buys another pair, once. Only when the network says that a session is over is the
// password asked again: few logins a day are allowed.
//
// # What Find can know
//
// A post is a record under a key of ours, which is frozen with its time before the first byte leaves. Putting the
// same record under the same key twice changes nothing. So there is one post at most, and Find knows: it is under
// its key, or it is not, once the server has had a while to finish what it had begun (settled).
package bluesky
