package door

import (
	"mime"
	"net/http"

	"comptoir/internal/fault"
)

// maxFields is how many values a form may have where its route says nothing of it.
const maxFields = 200

// readForm reads the form that a browser sent, so that a handler finds it read and within bounds. Forms with files are
// read by who takes files, and judged by FormTooMany.
func (v *Visit) readForm(r *http.Request) error {
	if v.Route.forPrograms() || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return nil
	}
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Invalid, "door.form", "")
	}
	return v.FormTooMany(r.PostForm)
}

// FormTooMany refuses a form with more values than its route takes.
func (v *Visit) FormTooMany(form map[string][]string) error {
	most := v.Route.Fields
	if most == 0 {
		most = maxFields
	}
	n := 0
	for _, values := range form {
		n += len(values)
	}
	if n > most {
		return fault.New(fault.Rejected, "door.form", "door.too_many", "max", most)
	}
	return nil
}
