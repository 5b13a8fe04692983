package wechat

import (
	"archive/zip"
	"errors"
	"io"
	"strings"
)

// UnpackBill writes the file of rows of a bill to w, out of a zip as WeChat's pages for people give
// it. Errors: *[BillError], and those of w.
func UnpackBill(packed io.ReaderAt, size int64, w io.Writer) error {
	files, err := zip.NewReader(packed, size)
	if err != nil {
		return &BillError{Fault: BillPacked, Text: "it is no zip, or cut short"}
	}
	var rows *zip.File
	for _, f := range files.File {
		switch {
		case !strings.HasSuffix(strings.ToLower(f.Name), ".csv"):
		case rows != nil:
			return &BillError{Fault: BillPacked, Text: "more than one .csv in it"}
		default:
			rows = f
		}
	}
	if rows == nil {
		return &BillError{Fault: BillPacked, Text: "no .csv in it"}
	}
	text, err := rows.Open()
	if err != nil {
		return &BillError{Fault: BillPacked, Text: "it does not unpack"}
	}
	defer func() { _ = text.Close() }() // it was read
	n, err := io.Copy(w, io.LimitReader(unpacked{text}, MaxBill+1))
	if err == nil && n > MaxBill {
		return &BillError{Fault: BillTooBig, Text: "more than 256 MiB"}
	}
	return err
}

// unpacked is what comes out of a packed file.
type unpacked struct{ io.Reader }

// Read implements [io.Reader].
func (u unpacked) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &BillError{Fault: BillPacked, Text: "it does not unpack"}
	}
	return n, err
}
