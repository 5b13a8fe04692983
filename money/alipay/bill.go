package alipay

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdk "github.com/smartwalle/alipay/v3"
)

// Limits on bills.
const (
	// MaxBillZip is the largest bill that is downloaded, 64 MiB: 100,000 rows have some 5.
	MaxBillZip = 64 << 20
	// MaxBill is the most that is unpacked of one, 512 MiB: 2 million rows. It is written as it is
	// unpacked, and never held whole.
	MaxBill = 512 << 20
	// BillTimeout ends a download.
	BillTimeout = 2 * time.Minute

	maxBillFiles = 16
)

// ErrNoBill says that Alipay has no bill of the day: it is too early (bills come in the next
// morning, Beijing's time), or nothing was paid.
var ErrNoBill = errors.New("alipay: no bill of this day")

var noBill = set("isp.bill_not_exist", "isv.bill_not_exist", "BILL_NOT_EXIST", "bill_not_exist")

// Bill downloads the bill of a merchant's trades of a day, as the calendar in Beijing has it, and
// writes its file of rows to w, as Alipay has it: [ReadBill] reads it. Until it returns nil, what
// is in w is worth nothing. A bill is not signed; its address is. Errors: [ErrNoBill],
// *[BillError], *[Error], *[ConfigError] for an unknown merchant, and those of w.
func (c *Client) Bill(ctx context.Context, merchant string, day time.Time, w io.Writer) error {
	date := day.In(beijing).Format(time.DateOnly)
	account, err := c.of(merchant)
	if err != nil {
		return err
	}
	query := sdk.BillDownloadURLQuery{BillType: "trade", BillDate: date}
	got, err := account.ask(ctx, "", query)
	if _, ok := refusedWith(err, noBill); ok {
		return ErrNoBill
	}
	if err != nil {
		return err
	}
	packed, err := c.download(ctx, got.BillURL, date)
	if err != nil {
		return err
	}
	return UnpackBill(bytes.NewReader(packed), int64(len(packed)), w)
}

// download fetches a bill from where a signed answer says it is.
func (c *Client) download(ctx context.Context, address, date string) ([]byte, error) {
	e := &Error{Call: "bill", Order: date, Cause: CauseUnclear}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != c.scheme {
		return nil, e
	}
	ctx, cancel := context.WithTimeout(ctx, BillTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, e
	}
	answer, err := c.files.Do(r)
	if err != nil {
		return nil, failed("bill", date, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, e
	}
	packed, err := io.ReadAll(io.LimitReader(answer.Body, MaxBillZip+1))
	if err != nil {
		return nil, failed("bill", date, err)
	}
	if len(packed) > MaxBillZip {
		e.Cause = CauseTooLong
		return nil, e
	}
	return packed, nil
}

// UnpackBill writes the file of rows of a bill to w, out of the zip in which Alipay gives it to
// people and programs. The file of sums beside it is passed over. Errors: *[BillError], and those
// of w.
func UnpackBill(packed io.ReaderAt, size int64, w io.Writer) error {
	return unpackBill(packed, size, w, MaxBill)
}

// unpackBill is UnpackBill with a limit of left bytes.
func unpackBill(packed io.ReaderAt, size int64, w io.Writer, left int64) error {
	files, err := zip.NewReader(packed, size)
	if err != nil {
		return &BillError{Why: "it is no zip"}
	}
	if len(files.File) > maxBillFiles {
		return &BillError{Why: fmt.Sprintf("over %d files in it", maxBillFiles)}
	}
	found := false
	for _, f := range files.File {
		if !strings.HasSuffix(strings.ToLower(f.Name), ".csv") {
			continue
		}
		rows, err := unpack(f, &left, found, w)
		if err != nil {
			return err
		}
		found = found || rows
	}
	if !found {
		return &BillError{Why: "no file of rows in it"}
	}
	return nil
}

// unpack writes a file of the zip, unless it is the one of sums.
func unpack(f *zip.File, left *int64, found bool, w io.Writer) (rows bool, err error) {
	unpacked, err := f.Open()
	if err != nil {
		return false, &BillError{Why: "it does not unpack"}
	}
	defer func() { _ = unpacked.Close() }()
	raw := bufio.NewReaderSize(&metered{unpacked, left}, maxBillLine)
	begins, _ := raw.Peek(len(mark) + len(billOfSums)) // it may be shorter
	first := make([]byte, len(billOfSums))
	_, _ = io.ReadFull(decoded(bytes.NewReader(begins)), first) // likewise
	if string(first) == billOfSums {
		return false, nil
	}
	if found {
		return false, &BillError{Why: "two files of rows in it"}
	}
	_, err = io.Copy(w, raw)
	return true, err
}

// metered counts what is unpacked, and ends with an error above the limit.
type metered struct {
	io.Reader
	left *int64
}

// Read implements io.Reader.
func (m *metered) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if *m.left -= int64(n); *m.left < 0 {
		return 0, &BillError{Why: "it unpacks to more than it may"}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, &BillError{Why: "it does not unpack"}
	}
	return n, err
}
