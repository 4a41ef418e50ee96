package text

import "testing"

func TestPicturesThatWouldBeFetchedAreCounted(t *testing.T) {
	for src, want := range map[string]int{
		"": 0, "<p>rien</p>": 0, `<img src="cid:logo">`: 0, `<img src="data:image/png;base64,AA==">`: 0, `<img alt="sans adresse">`: 0,
		`<img src="https://exemple.example/pixel.gif" width=1 height=1>`: 1, `<IMG SRC=' HTTP://exemple.example/a.png '>`: 1, `<img src="//exemple.example/a.png"/>`: 1,
		`<img srcset="https://exemple.example/2x.png 2x">`:                                                          1,
		`<table background="http://exemple.example/fond.png"><img src="http://a.example/1"><img src=cid:2></table>`: 2,
		`<!-- <img src="http://a.example/1"> --><p title='<img src="http://a.example/1">'>`:                         0,
		`<img src="http://a.example/1"`:                                                                             0, // never closed: no browser draws it
	} {
		if got := RemotePictures(src); got != want {
			t.Errorf("%s: %d, want %d", src, got, want)
		}
	}
}
