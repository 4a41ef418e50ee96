package blueskytest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"

	"comptoir/internal/network/bluesky"
)

// maxRecord is what a record may weigh, in bytes.
const maxRecord = 1_000_000

// newKey is a fresh key of a record.
func (s *Server) newKey() string { return bluesky.NewTID(time.Now()) }

func (s *Server) newCID() string {
	s.last++
	return fmt.Sprintf("bafyreifake%048d", s.last)
}

// record is what has a name, nil = nothing.
func (s *Server) record(name string) *Record {
	for _, r := range s.records {
		if r.URI == name && !r.Gone {
			return r
		}
	}
	return nil
}

func (s *Server) keep(by *Account, collection, key string, value map[string]any) *Record {
	r := &Record{URI: "at://" + by.DID + "/" + collection + "/" + key, CID: s.newCID(), Collection: collection, Key: key, By: *by, Value: value, At: s.now(), since: time.Now()}
	s.records = append(s.records, r)
	return r
}

func (r *Record) end() { r.Gone, r.until = true, time.Now() }

// shown tells whether the index shows a gesture: it learns of everything a while later.
func (r *Record) shown() bool {
	const behind = 100 * time.Millisecond
	then := time.Now().Add(-behind)
	return r.since.Before(then) && (!r.Gone || r.until.After(then))
}

// writing is what createRecord and putRecord take.
type writing struct {
	Repo       string         `json:"repo"`
	Collection string         `json:"collection"`
	Key        string         `json:"rkey"`
	Validate   *bool          `json:"validate"`
	Record     map[string]any `json:"record"`
	SwapCommit string         `json:"swapCommit"`
	SwapRecord any            `json:"swapRecord"`
}

func (s *Server) writing(r *http.Request, by *Account) (w writing, status int, refusal any) {
	if err := read(r, &w); err != nil {
		status, refusal = invalid("%v", err)
		return w, status, refusal
	}
	if s.who(w.Repo) != by {
		status, refusal = invalid("Could not find repo: %s", w.Repo)
		return w, status, refusal
	}
	if why := s.check(by, w); why != "" {
		status, refusal = invalid("Invalid %s record: %s", w.Collection, why)
	}
	return w, status, refusal
}

func (s *Server) createRecord(r *http.Request, by *Account) (int, any) {
	w, status, refusal := s.writing(r, by)
	if status != 0 {
		return status, refusal
	}
	if w.Key == "" {
		w.Key = s.newKey()
	}
	if s.record("at://"+by.DID+"/"+w.Collection+"/"+w.Key) != nil {
		return http.StatusInternalServerError, no("InternalServerError", "Internal Server Error")
	}
	return s.written(s.take(by, w))
}

// putRecord creates a record, or replaces it; the same once more changes nothing.
func (s *Server) putRecord(r *http.Request, by *Account) (int, any) {
	w, status, refusal := s.writing(r, by)
	if status != 0 {
		return status, refusal
	}
	if w.Key == "" {
		return invalid("Input must have the property \"rkey\"")
	}
	if have := s.record("at://" + by.DID + "/" + w.Collection + "/" + w.Key); have != nil {
		if !reflect.DeepEqual(have.Value, w.Record) {
			have.Value, have.CID = w.Record, s.newCID()
		}
		return s.written(have)
	}
	return s.written(s.take(by, w))
}

func (s *Server) take(by *Account, w writing) *Record {
	r := s.keep(by, w.Collection, w.Key, w.Record)
	if w.Collection == bluesky.PostType {
		s.ledger = append(s.ledger, r)
		s.tell(r, "")
		if s.onPost != nil {
			go s.onPost(*r)
		}
	}
	return r
}

func (s *Server) written(r *Record) (int, any) {
	return http.StatusOK, map[string]any{"uri": r.URI, "cid": r.CID, "validationStatus": "valid"}
}

func (s *Server) getRecord(r *http.Request, _ *Account) (int, any) {
	q := r.URL.Query()
	a := s.who(q.Get("repo"))
	if a == nil {
		return invalid("Could not find repo: %s", q.Get("repo"))
	}
	name := "at://" + a.DID + "/" + q.Get("collection") + "/" + q.Get("rkey")
	if found := s.record(name); found != nil {
		return http.StatusOK, map[string]any{"uri": found.URI, "cid": found.CID, "value": found.Value}
	}
	return http.StatusBadRequest, no("RecordNotFound", "Could not locate record: %s", name)
}

// deleteRecord deletes; what is not there is no error.
func (s *Server) deleteRecord(r *http.Request, by *Account) (int, any) {
	var w struct {
		Repo       string `json:"repo"`
		Collection string `json:"collection"`
		Key        string `json:"rkey"`
	}
	if err := read(r, &w); err != nil {
		return invalid("%v", err)
	}
	if s.who(w.Repo) != by {
		return invalid("Could not find repo: %s", w.Repo)
	}
	if have := s.record("at://" + by.DID + "/" + w.Collection + "/" + w.Key); have != nil {
		have.end()
	}
	return http.StatusOK, map[string]any{}
}

func (s *Server) uploadBlob(r *http.Request, _ *Account) (int, any) {
	b, err := io.ReadAll(r.Body)
	if err != nil || len(b) == 0 {
		return invalid("A request body is expected")
	}
	s.last++
	cid := fmt.Sprintf("bafkreifake%048d", s.last)
	s.blobs[cid], s.types[cid] = b, r.Header.Get("Content-Type")
	return http.StatusOK, map[string]any{"blob": map[string]any{
		"$type": "blob", "ref": map[string]any{"$link": cid}, "mimeType": s.types[cid], "size": json.Number(fmt.Sprint(len(b))),
	}}
}

// image is a picture as the index shows it to anybody.
func (s *Server) image(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	b, kind := s.blobs[r.PathValue("cid")], s.types[r.PathValue("cid")]
	s.mu.Unlock()
	if b == nil || r.Header.Get("Authorization") != "" {
		http.Error(w, "no such picture", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Write(b)
}
