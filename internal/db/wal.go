package db

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"

	"comptoir/internal/fault"
)

// SQLite keeps what was written last in a log beside the database (-wal), and opens a log whose end is
// missing without a word: what stood there is gone, and nothing is left to show it. But the index of the log
// (-shm), which a killed process leaves behind and a copy of the folder takes along, says how many frames
// were committed. Every commit of ours reached the disk before the index said so.

const (
	walHeader   = 32
	frameHeader = 24
)

// CheckLog returns fault.Internal ("db.log_cut") when the log of the SQLite database at path holds less than
// was committed, and nil when it holds all or nothing tells. It must be asked before the database is opened,
// by who holds the folder's lock: opening mends the log by forgetting what is missing.
func CheckLog(path string) error {
	index, err := os.ReadFile(path + "-shm")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "db.log", "db.unwritable")
	}
	committed, salt, known := readIndex(index)
	if !known || committed == 0 {
		return nil
	}
	f, err := os.Open(path + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Internal, "db.log", "db.log_cut", "n", committed)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "db.log", "db.unwritable")
	}
	defer f.Close()
	whole, same, err := wholeFrames(f, salt, committed)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "db.log", "db.disk")
	}
	if same && whole < committed {
		return fault.New(fault.Internal, "db.log", "db.log_cut", "n", committed-whole)
	}
	return nil
}

// readIndex returns how many frames of the log are committed, and the salt by which the log is recognised.
// The index is written twice; two that differ say nothing.
func readIndex(index []byte) (committed int64, salt []byte, known bool) {
	const size = 48
	if len(index) < 2*size || !bytes.Equal(index[:size], index[size:2*size]) || index[12] == 0 {
		return 0, nil, false
	}
	return int64(binary.NativeEndian.Uint32(index[16:])), index[32:40], true
}

// wholeFrames counts the frames at the beginning of a log whose sums are right, up to limit. same is false
// for a log that was begun anew since the index was written, of which the index says nothing.
func wholeFrames(r io.Reader, salt []byte, limit int64) (n int64, same bool, err error) {
	head := make([]byte, walHeader)
	if _, err := io.ReadFull(r, head); err != nil {
		return 0, true, ignoreEnd(err)
	}
	if !bytes.Equal(head[16:24], salt) {
		return 0, false, nil
	}
	sum := walSum{order: binary.LittleEndian}
	if head[3]&1 == 1 {
		sum.order = binary.BigEndian
	}
	sum.add(head[:24])
	page := binary.BigEndian.Uint32(head[8:])
	if !sum.is(head[24:]) || page > 65536 {
		return 0, true, nil
	}
	frame := make([]byte, frameHeader+page)
	for ; n < limit; n++ {
		if _, err := io.ReadFull(r, frame); err != nil {
			return n, true, ignoreEnd(err)
		}
		sum.add(frame[:8])
		sum.add(frame[frameHeader:])
		if !bytes.Equal(frame[8:16], salt) || !sum.is(frame[16:24]) {
			return n, true, nil
		}
	}
	return n, true, nil
}

func ignoreEnd(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}

// walSum is the running sum over a log: https://sqlite.org/fileformat2.html#checksum_algorithm.
type walSum struct {
	order binary.ByteOrder
	a, b  uint32
}

func (s *walSum) add(p []byte) {
	for ; len(p) >= 8; p = p[8:] {
		s.a += s.order.Uint32(p) + s.b
		s.b += s.order.Uint32(p[4:]) + s.a
	}
}

func (s *walSum) is(stored []byte) bool {
	return binary.BigEndian.Uint32(stored) == s.a && binary.BigEndian.Uint32(stored[4:]) == s.b
}
