// Package email speaks with a mailbox over IMAP and SMTP.
//
// Reading follows IMAP's own numbers (UIDVALIDITY and UID) and never changes a mail: not even its mark of
// having been seen. The only mark that it sets is that of having been answered.
//
// # What Find can know
//
// SMTP keeps no record that a client may ask for. A mail is recognised by its Message-ID, which is the
// draft's Key and frozen before the first attempt. When the outcome of an attempt is unknown (Publish said
// Ambiguous, or the program was killed while it sent), Find looks for that Message-ID:
//
//   - a copy in Sent proves that the server accepted the mail, because the copy is stored after that and
//     never before;
//   - a mail in the mailbox proves it too if it has that Message-ID, or names it in In-Reply-To or
//     References: an answer, or a report that it could not be delivered;
//   - its absence proves nothing with an ordinary server: the mail may have been accepted and the
//     connection, or the program, lost before the copy was stored. Find says Ambiguous, and a person decides;
//   - its absence from Sent is NotFound, "surely not sent", only where the server itself stores what it
//     accepts (Gmail, Microsoft 365), no earlier than two minutes after the attempt began
//     (Draft.TriedAt), because such servers do not do it at once.
//
// Publish itself makes the unknown rare. Until the mark that ends the mail has left, it knows that the mail
// was not accepted, and says so with a fault that allows another attempt; the mark is written by itself so
// that nothing is left to guess. Once the server has answered, the outcome is known whatever it said. Only
// a connection that breaks between the two is Ambiguous.
package email
