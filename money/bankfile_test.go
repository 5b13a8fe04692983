package money_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"hexhail/money"
)

func TestWriteBankFile(t *testing.T) {
	var file bytes.Buffer
	list := []money.Withdrawal{
		{ID: "A", Account: "4111111111111111", Name: "李雷", Amount: 100_00},
		{ID: "B", Account: "6222000000000000", Name: `=cmd|'x', "y"`, Amount: 5},
	}
	if err := money.WriteBankFile(&file, list); err != nil {
		t.Fatal(err)
	}
	text, marked := strings.CutPrefix(file.String(), "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	want := [][]string{
		{"withdrawal_id", "card", "name", "amount_yuan"},
		{"A", "4111111111111111", "李雷", "100.00"},
		{"B", "6222000000000000", `'=cmd|'x', "y"`, "0.05"},
	}
	if err != nil || !marked || !reflect.DeepEqual(rows, want) {
		t.Errorf("%q %v", rows, err)
	}
}

func TestReadBankResults(t *testing.T) {
	const head = "withdrawal_id,amount_yuan,result,reason\n"
	got, err := money.ReadBankResults(strings.NewReader("\ufeff" +
		"serial, result ,reason,withdrawal_id,amount_yuan\r\n" +
		"1,paid,ignored,A,100.00\r\n2,失败,卡号不存在,B,0.05\r\n3,Failed,,C,1\r\n"))
	want := []money.BankResult{
		{Line: 2, ID: "A", Amount: 100_00, Paid: true},
		{Line: 3, ID: "B", Amount: 5, Reason: "卡号不存在"},
		{Line: 4, ID: "C", Amount: 1_00, Reason: "bank_refused"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := money.ReadBankResults(strings.NewReader(head)); err != nil || len(got) > 0 {
		t.Errorf("no results: %v %v", got, err)
	}
	many := head
	for i := range money.MaxBankRows + 1 {
		many += fmt.Sprintf("W%d,1.00,paid,\n", i)
	}
	for name, test := range map[string]struct {
		text string
		line int
	}{
		"empty":      {"", 1},
		"no column":  {"withdrawal_id,amount,result\n", 1},
		"no id":      {head + ",1.00,paid,\n", 2},
		"long id":    {head + strings.Repeat("x", 65) + ",1.00,paid,\n", 2},
		"no amount":  {head + "A,,paid,\n", 2},
		"a fraction": {head + "A,1.005,paid,\n", 2},
		"nothing":    {head + "A,0.00,paid,\n", 2},
		"below 0":    {head + "A,-1.00,paid,\n", 2},
		"a word":     {head + "A,1.00,perhaps,\n", 2},
		"twice":      {head + "A,1.00,paid,\nA,1.00,failed,\n", 3},
		"cut short":  {head + "A,1.00,paid,\nB,1.0", 3},
		"a quote":    {head + "A,1.00,\"paid,\n", 2},
		"GBK":        {head + "A,1.00,failed,\xbf\xa8\xba\xc5\n", 2},
		"reason":     {head + "A,1.00,failed," + strings.Repeat("x", 201) + "\n", 2},
		"too many":   {many, money.MaxBankRows + 2},
	} {
		_, err := money.ReadBankResults(strings.NewReader(test.text))
		var bad *money.BankFileError
		if !errors.As(err, &bad) || bad.Line != test.line {
			t.Errorf("%s: %v, want an error in line %d", name, err, test.line)
		}
	}
}

// FuzzReadBankResults: whatever is read can be written and read again, and is within its limits.
func FuzzReadBankResults(f *testing.F) {
	f.Add("withdrawal_id,amount_yuan,result,reason\nA,100.00,paid,\nB,0.05,失败,卡号不存在\n")
	f.Add("\ufeffresult,withdrawal_id,amount_yuan\r\n成功,\"A\",1\r\n")
	f.Add("withdrawal_id,amount_yuan,result\n\"A\n,1,paid")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := money.ReadBankResults(strings.NewReader(text))
		if err != nil {
			var bad *money.BankFileError
			if !errors.As(err, &bad) || bad.Line < 1 {
				t.Fatalf("%v", err)
			}
			return
		}
		var again bytes.Buffer
		rows := csv.NewWriter(&again)
		_ = rows.Write([]string{"withdrawal_id", "amount_yuan", "result", "reason"})
		for i, r := range got {
			if r.ID == "" || len(r.ID) > 64 || r.Amount <= 0 || r.Paid != (r.Reason == "") {
				t.Fatalf("result %+v", r)
			}
			word := map[bool]string{true: "paid", false: "failed"}[r.Paid]
			_ = rows.Write([]string{string(r.ID), r.Amount.String(), word, r.Reason})
			got[i].Line = 0
		}
		rows.Flush()
		back, err := money.ReadBankResults(&again)
		for i := range back {
			back[i].Line = 0
		}
		if err != nil || !reflect.DeepEqual(back, got) {
			t.Fatalf("%+v, again %+v %v", got, back, err)
		}
	})
}
