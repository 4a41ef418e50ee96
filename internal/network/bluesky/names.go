package bluesky

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
)

var (
	handleForm = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)
	didForm    = regexp.MustCompile(`^did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]$`)
	nsidForm   = regexp.MustCompile(`^[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+\.[a-zA-Z][a-zA-Z0-9]{0,62}$`)
	rkeyForm   = regexp.MustCompile(`^[a-zA-Z0-9_~.:-]{1,512}$`)
	tidForm    = regexp.MustCompile(`^[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}$`)
)

func isHandle(s string) bool { return len(s) <= 253 && handleForm.MatchString(s) }
func isDID(s string) bool    { return len(s) <= 2048 && didForm.MatchString(s) }

// IsTID tells whether a key of a record is of the kind that posts have.
func IsTID(s string) bool { return tidForm.MatchString(s) }
func isKey(s string) bool { return rkeyForm.MatchString(s) && s != "." && s != ".." }

// uri names a record: at://did/collection/key.
type uri struct{ authority, collection, key string }

// parseURI reads the name of a record; what names something else is none.
func parseURI(s string) (u uri, ok bool) {
	rest, ok := strings.CutPrefix(s, "at://")
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 3 || len(s) > 8<<10 {
		return u, false
	}
	u = uri{parts[0], parts[1], parts[2]}
	return u, (isDID(u.authority) || isHandle(u.authority)) && len(u.collection) <= 317 && nsidForm.MatchString(u.collection) && isKey(u.key)
}

func (u uri) String() string { return "at://" + u.authority + "/" + u.collection + "/" + u.key }

// profilePage is where people look at accounts.
const profilePage = "https://bsky.app/profile/"

// page is where people look at a post, of an author by their name or DID.
func (u uri) page(author string) string { return profilePage + author + "/post/" + u.key }

// moment is how the network writes a time.
const moment = "2006-01-02T15:04:05.000Z"

var timeForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,20})?(Z|[+-]\d\d:\d\d)$`)

// parseTime reads a time as the protocol writes it, which is narrower than RFC 3339.
func parseTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || !timeForm.MatchString(s) || strings.HasSuffix(s, "-00:00") || t.UTC().Year() < 0 {
		return time.Time{}, false
	}
	return t, true
}

// keyAbout is the key of what we make of a post once at most: the post's own time, and 10 bits by which posts of one
// time differ.
func keyAbout(post uri) string {
	sum := sha256.Sum256([]byte(post.String()))
	key := []byte(post.key)
	differs := 11
	if !IsTID(post.key) {
		key, differs = make([]byte, 13), 0
	}
	for i := differs; i < len(key); i++ {
		key[i] = alphabet[sum[i]&31]
	}
	key[0] = alphabet[strings.IndexByte(alphabet, key[0])&15] // 63 bits
	return string(key)
}

// alphabet of a TID, which sorts as the numbers do.
const alphabet = "234567abcdefghijklmnopqrstuvwxyz"

var lastTID atomic.Int64 // microseconds

// NewTID names a record by the time: microseconds, never the same twice in this process, and 10 bits by which
// processes differ.
func NewTID(now time.Time) string {
	at := now.UnixMicro()
	for {
		last := lastTID.Load()
		at = max(at, last+1)
		if lastTID.CompareAndSwap(last, at) {
			break
		}
	}
	var b [2]byte
	rand.Read(b[:])
	n := uint64(at)<<10&(1<<63-1) | uint64(binary.BigEndian.Uint16(b[:])&1023)
	var tid [13]byte
	for i := range tid {
		tid[12-i] = alphabet[n&31]
		n >>= 5
	}
	return string(tid[:])
}
