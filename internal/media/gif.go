package media

import (
	"bufio"
	"io"
	"os"
)

// gifFrames counts the frames of a GIF without decoding one: it walks over the blocks. A broken file
// counts as far as it goes.
func gifFrames(f *os.File, size int64) int {
	r := bufio.NewReader(io.NewSectionReader(f, 0, size))
	head := make([]byte, 13)
	if _, err := io.ReadFull(r, head); err != nil {
		return 0
	}
	skip := func(n int) bool { _, err := r.Discard(n); return err == nil }
	table := func(flags byte) int {
		if flags&0x80 == 0 {
			return 0
		}
		return 3 << (flags&7 + 1)
	}
	blocks := func() bool { // sub-blocks end with an empty one
		for {
			n, err := r.ReadByte()
			if err != nil || n == 0 {
				return err == nil
			}
			if !skip(int(n)) {
				return false
			}
		}
	}
	if !skip(table(head[10])) {
		return 0
	}
	frames := 0
	for {
		kind, err := r.ReadByte()
		if err != nil {
			return frames
		}
		switch kind {
		case 0x21: // extension
			if !skip(1) || !blocks() {
				return frames
			}
		case 0x2c: // image
			frames++
			d := make([]byte, 9)
			if _, err := io.ReadFull(r, d); err != nil || !skip(table(d[8])+1) || !blocks() {
				return frames
			}
		default:
			return frames
		}
	}
}
