// Package text is everything the product knows about text that people and networks send: what of it may
// be stored, how it is counted, cut, folded for search, read out of a mail and made safe to show.
//
// Nothing here does I/O, keeps state or fails: every function takes any bytes, returns valid UTF-8, and
// takes time linear in its input. All functions may be called concurrently.
//
// Text is plain when it is stored (Plain, Line). The one place where markup from others survives is Safe,
// which only Sanitize makes.
package text
