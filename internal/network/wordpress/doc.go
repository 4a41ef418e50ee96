// Package wordpress speaks the REST API of WordPress: the blog of a place, on a server of its own or of a host.
//
// What is said there are comments, under articles; they wait until somebody decides of them, who may be us. Answers
// are comments too. What is published are articles.
//
// # How much is followed
//
// There are no events, and a list cannot be asked for what changed. So the latest comments are read each time, and the
// cursor holds what they were like: what is new is told, what is different is told again, and of what is missing the
// site is asked what became of it. Numbers order them, never times: those are the site's own, and without a zone.
//
// # What Find can know
//
// An article has a slug, which holds the draft's key and is frozen with it. The site does not refuse a second article
// with the same slug, but gives it another; so nothing is sent again before it was looked for under its slug. A comment
// has no such name, but tells the program that wrote it: there the key stands, for those who decide of comments to see.
// Besides, a site refuses the same words to the same comment twice. What is not under its key surely was not published,
// once the site has had a while to finish what it had begun (settled). Where something has taken the programs away,
// as some do for privacy, the same words by the account itself leave a doubt.
package wordpress
