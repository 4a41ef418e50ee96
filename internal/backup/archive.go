// Package backup copies an installation into one file, puts it back from there, and tells whether an
// installation is whole.
//
// The file is a zip that any program opens: manifest.json says what is in it, tables/*.jsonl hold the rows of
// every table as lines of JSON (package db), files/PLACE/HASH what people attached, each once. The rows
// are of one moment and in no order. They are the same lines whatever database they come from, so a backup made on
// PostgreSQL is restored on SQLite and the other way round. Encrypted, the whole zip is one age file.
//
// What can be made again is left out: the index of the search, previews, the job queue. The key is left out
// too, unless it is asked for: then it is sealed by a passphrase.
package backup

import (
	"archive/zip"
	"compress/flate"
	"io"
	"time"

	"comptoir/internal/fault"
)

// format is raised when a file can no longer be read by the programs that read the one before.
const format = 1

// Names in the archive.
const (
	manifestName = "manifest.json"
	keyName      = "comptoir.key.age"
	tablesFolder = "tables/"
	filesFolder  = "files/"
)

// Manifest says what an archive holds. It is written last: an archive without it was never finished.
type Manifest struct {
	Format       int       `json:"format"`
	Made         time.Time `json:"made"`
	Program      string    `json:"program"` // the version that made it
	Schema       int       `json:"schema"`
	Engine       string    `json:"engine"`       // the database that it comes from; it matters to nobody but the reader
	Installation string    `json:"installation"` // place.InstanceID
	Key          string    `json:"key"`          // which key sealed what is sealed in it
	Tables       []Part    `json:"tables"`
	Files        int       `json:"files"`
	FileBytes    int64     `json:"file_bytes"`
	Missing      []string  `json:"missing"` // files that were not there, or no longer what they were: PLACE/HASH
}

// Part is one table of an archive.
type Part struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"` // of its lines
}

// Rows is how many rows there are in all tables.
func (m Manifest) Rows() (n int64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

// pack writes the zip.
type pack struct {
	*zip.Writer
	made time.Time
}

func newPack(w io.Writer, made time.Time) pack {
	z := zip.NewWriter(w)
	// As fast as can be: text shrinks enough all the same.
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	return pack{z, made}
}

// entry begins the next file.
func (p pack) entry(name string, method uint16) (io.Writer, error) {
	return p.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: p.made})
}

// put writes a small file.
func (p pack) put(name string, content []byte) error {
	w, err := p.entry(name, zip.Deflate)
	if err == nil {
		_, err = w.Write(content)
	}
	return err
}

// damaged is the fault of an archive that is not what was written.
func damaged(why error) error {
	return fault.Wrap(why, fault.Rejected, "backup.read", "backup.damaged")
}
