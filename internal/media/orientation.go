package media

import (
	"encoding/binary"
	"image"
	"os"
)

// orientation reads from the EXIF part of a JPEG how the camera was held, 1 (upright) to 8. Redrawing
// drops EXIF, so what it says about the picture must be done to the picture.
func orientation(f *os.File, format string) int {
	if format != "jpeg" {
		return 1
	}
	head := make([]byte, 64<<10)
	n, _ := f.ReadAt(head, 0)
	head = head[:n]
	for at := 2; at+4 <= len(head) && head[at] == 0xff && head[at+1] != 0xda; {
		size := int(binary.BigEndian.Uint16(head[at+2:]))
		end := min(len(head), at+2+size)
		if size < 2 {
			return 1
		}
		if head[at+1] == 0xe1 && end-at > 18 && string(head[at+4:at+10]) == "Exif\x00\x00" {
			return tiffOrientation(head[at+10 : end])
		}
		at += 2 + size
	}
	return 1
}

func tiffOrientation(b []byte) int {
	var order binary.ByteOrder = binary.BigEndian
	if b[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int(order.Uint32(b[4:]))
	if at < 8 || at+2 > len(b) {
		return 1
	}
	count := int(order.Uint16(b[at:]))
	for i := range count {
		e := at + 2 + 12*i
		if e+12 > len(b) {
			return 1
		}
		if order.Uint16(b[e:]) == 0x0112 {
			if v := int(order.Uint16(b[e+8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}

// upright turns and mirrors a picture as its EXIF orientation asks.
func upright(src *image.NRGBA, how int) image.Image {
	if how <= 1 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	size := image.Rect(0, 0, w, h)
	if how >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	dst := image.NewNRGBA(size)
	for y := range h {
		for x := range w {
			tx, ty := turned(how, x, y, w, h)
			copy(dst.Pix[dst.PixOffset(tx, ty):][:4], src.Pix[src.PixOffset(x, y):][:4])
		}
	}
	return dst
}

func turned(how, x, y, w, h int) (int, int) {
	switch how {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	}
	return y, w - 1 - x
}
