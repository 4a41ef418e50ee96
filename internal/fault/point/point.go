// Package point names the moments at which a test ends the program with kill -9.
//
// The code says Reached where such a moment is. In the program that people run that is nothing at all; a
// program built with the tag faults reads COMPTOIR_FAULT, "send.accepted:3", and kills itself when it
// reaches that point for the third time. Before it dies it writes "fault send.accepted fired" to its
// standard error, so that a test knows that its fault was one.
package point

// Name is a moment. Each stands for what is done already and what is not.
type Name string

const (
	LeaseHeld        Name = "lease.held"        // accounts are claimed, nothing of them is read
	FileWritten      Name = "file.written"      // a file's bytes are written, not synced and without its name
	ReceiveStaged    Name = "receive.staged"    // the files of a page are on disk, no row names them
	ReceiveStored    Name = "receive.stored"    // the rows of a page and its cursor are written, not committed
	ReceiveCommitted Name = "receive.committed" // they are committed, and nobody was told
	AskStored        Name = "ask.stored"        // what a guest asks is written, not committed
	AskCommitted     Name = "ask.committed"     // it is committed, and the guest does not know
	ReplyStored      Name = "reply.stored"      // an answer and its job are written, not committed
	ReplyCommitted   Name = "reply.committed"   // they are committed, and the member does not know
	MergeStored      Name = "merge.stored"      // a merge is written, not committed
	MergeCommitted   Name = "merge.committed"   // it is committed, and the member does not know
	SendClaimed      Name = "send.claimed"      // an answer is claimed, its key frozen; not a byte has left
	SendInvited      Name = "send.invited"      // the server waits for the mail; not a byte of it has left
	SendPart         Name = "send.part"         // bytes of the mail have left, not its end
	SendEnded        Name = "send.ended"        // its end has left, and the server has not answered
	SendAccepted     Name = "send.accepted"     // the server has taken it; there is no copy in Sent
	SendReturned     Name = "send.returned"     // the attempt is over, its outcome is not stored
	SendSettled      Name = "send.settled"      // the outcome is stored, the job not completed
	MigrateStatement Name = "migrate.statement" // a statement of a migration is done, the migration is not
	MigrateStep      Name = "migrate.step"      // a migration is committed, the next is not begun
)

// All lists every point of a running server; those of a migration are reached before it runs.
var All = []Name{
	LeaseHeld, FileWritten, ReceiveStaged, ReceiveStored, ReceiveCommitted, AskStored, AskCommitted, ReplyStored, ReplyCommitted,
	MergeStored, MergeCommitted, SendClaimed, SendInvited, SendPart, SendEnded, SendAccepted, SendReturned, SendSettled,
}
