package media

import (
	"bytes"
	"context"
	"crypto/rand"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path"
	"time"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"comptoir/internal/fault"
)

// Budgets of what is decoded at all. A picture of a few kilobytes can ask for hundreds of megabytes.
const (
	maxPicture  = 20 << 20         // bytes
	maxPixels   = 50_000_000       // width × height
	maxSide     = 16_384           // pixels
	maxFrames   = 200_000_000      // width × height × frames
	maxDecodes  = 2                // at once
	decodeTime  = 10 * time.Second // waiting for a turn included
	previewSide = 1200             // pixels
)

type format struct {
	name   string
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var formats = map[string]format{
	"image/jpeg": {"jpeg", jpeg.DecodeConfig, jpeg.Decode},
	"image/png":  {"png", png.DecodeConfig, png.Decode},
	"image/gif":  {"gif", gif.DecodeConfig, gif.Decode}, // the first frame
	"image/webp": {"webp", webp.DecodeConfig, webp.Decode},
}

// measure tells whether a file is a picture within the budgets, by its header alone.
func measure(f *os.File, size int64) (format, error) {
	refuse := func() (format, error) {
		return format{}, fault.New(fault.Unsupported, "media.preview", "media.not_picture")
	}
	kind, err := sniff(f)
	if err != nil {
		return format{}, err
	}
	fm, ok := formats[kind]
	if !ok || size > maxPicture {
		return refuse()
	}
	c, err := fm.config(io.NewSectionReader(f, 0, size))
	if err != nil || c.Width <= 0 || c.Height <= 0 || c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels {
		return refuse()
	}
	if fm.name == "gif" && c.Width*c.Height*gifFrames(f, size) > maxFrames {
		return refuse()
	}
	return fm, nil
}

// Preview opens a picture of a place as we drew it anew: JPEG, or PNG when it may be transparent, at most 1200 pixels
// a side, with nothing of the original but what is seen. It is made at the first call and kept. The
// caller closes it. fault.Unsupported when the file is no picture, or too big a one.
func (s *Store) Preview(ctx context.Context, placeID, hash string) (f *os.File, contentType string, err error) {
	if !isPlace(placeID) || !isHash(hash) {
		return nil, "", fault.New(fault.NotFound, "media.preview", "")
	}
	for ext, kind := range map[string]string{".jpg": "image/jpeg", ".png": "image/png"} {
		if f, err := s.open(path.Join(placeID, hash[:2], hash+ext)); err == nil {
			return f, kind, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, decodeTime)
	defer cancel()
	select {
	case s.decodes <- struct{}{}:
	case <-ctx.Done():
		return nil, "", fault.Wrap(ctx.Err(), fault.Unavailable, "media.preview", "")
	}
	defer func() { <-s.decodes }()
	content, ext, err := s.redraw(ctx, placeID, hash)
	if err != nil {
		return nil, "", err
	}
	if err := s.writePreview(placeID, hash, ext, content); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable, "media.preview", "media.disk")
	}
	f, err = s.open(path.Join(placeID, hash[:2], hash+ext))
	return f, map[string]string{".jpg": "image/jpeg", ".png": "image/png"}[ext], err
}

func (s *Store) redraw(ctx context.Context, placeID, hash string) ([]byte, string, error) {
	f, err := s.Get(placeID, hash)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, "", err
	}
	fm, err := measure(f, info.Size())
	if err != nil {
		return nil, "", err
	}
	// A decoder knows no context: reading fails when time is up.
	img, err := fm.decode(canceller{ctx, io.NewSectionReader(f, 0, info.Size())})
	if err != nil {
		return nil, "", fault.Wrap(err, fault.Unsupported, "media.preview", "media.not_picture")
	}
	img = upright(shrink(img), orientation(f, fm.name))
	var b bytes.Buffer
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 82})
		return b.Bytes(), ".jpg", err
	}
	err = png.Encode(&b, img)
	return b.Bytes(), ".png", err
}

// writePreview keeps a preview. It can be made again: it need not survive a power cut, but must be whole.
func (s *Store) writePreview(placeID, hash, ext string, content []byte) error {
	final := path.Join(placeID, hash[:2], hash+ext)
	temp := final + "-" + rand.Text()
	if err := s.root.WriteFile(temp, content, 0o600); err != nil {
		return err
	}
	return s.root.Rename(temp, final)
}

// shrink scales a picture down to previewSide; a smaller one is drawn anew at its own size.
func shrink(src image.Image) *image.NRGBA {
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	if long := max(w, h); long > previewSide {
		w, h = max(1, w*previewSide/long), max(1, h*previewSide/long)
	}
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Src, nil)
	return dst
}
