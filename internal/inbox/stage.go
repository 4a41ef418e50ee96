package inbox

import (
	"context"
	"strings"
	"unicode"

	"comptoir/internal/fault"
	"comptoir/internal/media"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

const (
	maxFile  = 25 << 20 // bytes kept of one attachment
	maxFiles = 50       // of one message
)

// staged is an attachment whose content is on disk already.
type staged struct {
	media.File
	name   string
	inline bool
	alt    string
}

// prepared is what is worked out of a message before it is its turn to be stored: nobody else waits for it.
type prepared struct {
	names   []network.RemoteID // see names
	subject string             // its key
	excerpt string
	words   []string // by which it is found
	remote  string   // JSON
	files   []staged
}

func prepare(messages []network.Message) []prepared {
	all := make([]prepared, len(messages))
	for i := range messages {
		m := &messages[i]
		all[i] = prepared{
			names: names(m), subject: text.Subject(m.Subject), excerpt: excerpt(m), remote: remoteOf(m),
			words: searchable(m.Author.Name, m.Author.Handle, m.Subject, m.Text),
		}
	}
	return all
}

// stage prepares a page and writes its attachments to disk, before the transaction: files without a row are swept
// later, rows without a file would be a loss.
func (b *Inbox) stage(ctx context.Context, placeID string, messages []network.Message) ([]prepared, error) {
	all := prepare(messages)
	for i := range messages {
		for _, a := range messages[i].Attachments[:min(len(messages[i].Attachments), maxFiles)] {
			s, err := b.stageOne(ctx, placeID, a)
			if err != nil {
				return nil, err
			}
			all[i].files = append(all[i].files, s)
		}
	}
	return all, nil
}

func (b *Inbox) stageOne(ctx context.Context, placeID string, a network.Attachment) (staged, error) {
	s := staged{File: media.File{Size: a.Size, Type: "application/octet-stream"}, name: FileName(a.Name), inline: a.Inline, alt: text.Clip(text.Line(a.Alt), 500)}
	if a.Content == nil || a.Size > maxFile {
		return s, nil // too big: it is told of, not kept
	}
	f, err := b.Files.Put(ctx, placeID, a.Content(), maxFile)
	if fault.Is(err, fault.Rejected) {
		return s, nil
	}
	s.File = f
	return s, err
}

// FileName makes a sender's name for a file fit to be shown and to be proposed to a browser: no path, no
// control, nothing that changes direction.
func FileName(name string) string {
	name = text.Line(name)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`:*?"<>|`, r) {
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	if name == "" {
		return "document" // in both languages
	}
	runes := []rune(name)
	if len(runes) > 120 { // its end tells the kind
		runes = append(runes[:100], runes[len(runes)-20:]...)
	}
	return string(runes)
}
