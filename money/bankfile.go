package money

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// BankFileID names a file of withdrawals that people take to the bank.
type BankFileID string

// The limits of bank files.
const (
	// MaxBankRows is how many withdrawals a file has at most, and how many results one: what banks
	// take in one batch.
	MaxBankRows = 2000
	// MaxBankResults is the longest file of results, in bytes.
	MaxBankResults = 1 << 20
	// maxBankReason is the longest reason of a failed withdrawal, in bytes.
	maxBankReason = 200
)

// bom is the byte order mark that spreadsheets put before UTF-8, and want there.
const bom = "\ufeff"

// The columns of bank files. What the bank answers may have others beside these, in any order.
var (
	bankColumns   = []string{"withdrawal_id", "card", "name", "amount_yuan"}
	resultColumns = []string{"withdrawal_id", "amount_yuan", "result"}
)

const reasonColumn = "reason"

// WriteBankFile writes withdrawals as the file that people take to the bank: CSV, UTF-8 with a byte
// order mark, one line each. A spreadsheet must take the cards for text: it rounds numbers of more
// than 15 digits.
func WriteBankFile(to io.Writer, list []Withdrawal) error {
	if _, err := io.WriteString(to, bom); err != nil {
		return err
	}
	rows := csv.NewWriter(to)
	rows.UseCRLF = true
	if err := rows.Write(bankColumns); err != nil {
		return err
	}
	for _, w := range list {
		row := []string{string(w.ID), w.Account, plainText(w.Name), w.Amount.String()}
		if err := rows.Write(row); err != nil {
			return err
		}
	}
	rows.Flush()
	return rows.Error()
}

// plainText keeps a spreadsheet from taking a name for a formula.
func plainText(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// BankResult is what the bank says of one withdrawal.
type BankResult struct {
	Line   int // of the file, from 1
	ID     PayoutID
	Amount Fen
	Paid   bool
	Reason string // of one that has failed
}

// Outcome is the result as an outcome.
func (r BankResult) Outcome() Outcome {
	if r.Paid {
		return Outcome{State: AttemptPaid}
	}
	return Outcome{State: AttemptClosed, Reason: r.Reason}
}

// BankFileError refuses a file of results and names the line, from 1. Nothing of a refused one may
// be booked.
type BankFileError struct {
	Line int
	Why  string
}

func (e *BankFileError) Error() string {
	return fmt.Sprintf("bank results, line %d: %s", e.Line, e.Why)
}

// bankWords are how a bank says what became of a withdrawal.
var bankWords = map[string]bool{"paid": true, "成功": true, "failed": false, "失败": false}

// ReadBankResults reads the bank's answer to a file: CSV in UTF-8, with or without a byte order
// mark, whose first line names the columns withdrawal_id, amount_yuan, result (paid or 成功, failed
// or 失败) and, if it likes, reason; others are passed over. A withdrawal that is there twice is an
// error: one of the two lines is wrong. Errors: *[BankFileError], those of file.
func ReadBankResults(file io.Reader) ([]BankResult, error) {
	text := bufio.NewReader(file)
	if mark, _ := text.Peek(len(bom)); string(mark) == bom {
		_, _ = text.Discard(len(bom)) // they were there
	}
	rows := csv.NewReader(text)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		return nil, bankFault(1, err)
	}
	at, err := resultsAt(header)
	if err != nil {
		return nil, err
	}
	var results []BankResult
	seen := map[PayoutID]int{}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return results, nil
		}
		if err != nil {
			return nil, bankFault(len(results)+2, err)
		}
		line, _ := rows.FieldPos(0)
		r, why := at.read(row)
		first := seen[r.ID]
		switch {
		case why != "":
		case first > 0:
			why = fmt.Sprintf("%s is on line %d already", r.ID, first)
		case len(results) == MaxBankRows:
			why = fmt.Sprintf("more than %d results", MaxBankRows)
		}
		if why != "" {
			return nil, &BankFileError{line, why}
		}
		r.Line, seen[r.ID] = line, line
		results = append(results, r)
	}
}

// bankFault is what is wrong with a text that is no CSV.
func bankFault(line int, err error) error {
	var bad *csv.ParseError
	switch {
	case errors.As(err, &bad):
		return &BankFileError{bad.Line, bad.Err.Error()}
	case errors.Is(err, io.EOF):
		return &BankFileError{line, "it is empty"}
	default:
		return err
	}
}

// bankAt is where the columns of a file of results are; reason may be nowhere, -1.
type bankAt struct{ id, amount, result, reason int }

func resultsAt(header []string) (bankAt, error) {
	var where []int
	for _, name := range append(slices.Clone(resultColumns), reasonColumn) {
		i := slices.IndexFunc(header, func(h string) bool { return strings.TrimSpace(h) == name })
		if i < 0 && name != reasonColumn {
			return bankAt{}, &BankFileError{1, "no column " + name}
		}
		where = append(where, i)
	}
	return bankAt{where[0], where[1], where[2], where[3]}, nil
}

// payoutIDs are what ids of ours look like.
var payoutIDs = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// oneLine is a text of the bank's without what cannot be printed.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.Join(strings.Fields(s), " "))
}

// read reads a row; why is what is wrong with it.
func (at bankAt) read(row []string) (r BankResult, why string) {
	paid, known := bankWords[strings.ToLower(strings.TrimSpace(row[at.result]))]
	r = BankResult{ID: PayoutID(strings.TrimSpace(row[at.id])), Paid: paid}
	if at.reason >= 0 {
		r.Reason = oneLine(row[at.reason])
	}
	var err error
	r.Amount, err = ParseYuan(strings.TrimSpace(row[at.amount]))
	switch {
	case !payoutIDs.MatchString(string(r.ID)):
		return r, "withdrawal_id must be 1 to 64 letters and digits"
	case err != nil || r.Amount <= 0:
		return r, "amount_yuan must be an amount in yuan above 0, as 100.00"
	case !known:
		return r, "result must be paid, 成功, failed or 失败"
	case len(r.Reason) > maxBankReason || at.reason >= 0 && !utf8.ValidString(row[at.reason]):
		return r, fmt.Sprintf("reason must be at most %d bytes of UTF-8", maxBankReason)
	}
	if r.Paid {
		r.Reason = ""
	} else if r.Reason == "" {
		r.Reason = "bank_refused"
	}
	return r, ""
}
