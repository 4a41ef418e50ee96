package emailtest

import (
	"bytes"
	"errors"
	"fmt"
	"net/mail"
	"strings"
)

// Check tells why a real server would refuse this content from a client: bare CR or LF, NUL, bytes above
// ASCII in the header or without 8BITMIME, lines over 998 bytes, a header that is malformed or lacks or
// repeats what it must have once.
func Check(raw []byte) error {
	head, _, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		return errors.New("there is no end of the header")
	}
	for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
		if len(line) > 998 {
			return errors.New("line too long")
		}
		if bytes.ContainsAny(line, "\r\n\x00") {
			return errors.New("bare CR or LF, or NUL")
		}
		if !isASCII(string(line)) {
			return errors.New("content above ASCII without encoding")
		}
	}
	count := map[string]int{}
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if line[:min(1, len(line))] == " " || line[:min(1, len(line))] == "\t" {
			if strings.TrimSpace(line) == "" {
				return errors.New("blank line within the header")
			}
			continue
		}
		name, _, ok := strings.Cut(line, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return fmt.Errorf("malformed header line %q", line)
		}
		count[strings.ToLower(name)]++
	}
	for _, name := range []string{"from", "date", "message-id"} {
		if count[name] != 1 {
			return fmt.Errorf("%d %s fields", count[name], name)
		}
	}
	for _, name := range []string{"to", "cc", "subject", "in-reply-to", "references", "reply-to", "mime-version", "content-type"} {
		if count[name] > 1 {
			return fmt.Errorf("%d %s fields", count[name], name)
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	if _, err := m.Header.AddressList("From"); err != nil {
		return err
	}
	if _, err := m.Header.Date(); err != nil {
		return err
	}
	return nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
