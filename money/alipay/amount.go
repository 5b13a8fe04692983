package alipay

import "hexhail/money"

// maxAmount is the most that Alipay moves in one order: 100 million yuan.
const maxAmount money.Fen = 100_000_000 * 100

// yuan writes an amount as Alipay wants it, "23.00". An amount that is not above 0, or above
// Alipay's limit, is a *money.AmountError.
func yuan(amount money.Fen) (string, error) {
	if amount <= 0 {
		return "", &money.AmountError{Field: "amount", Value: amount, Limit: 1}
	}
	if err := money.CheckAmount("amount", amount, maxAmount); err != nil {
		return "", err
	}
	return amount.String(), nil
}

// fen reads an amount as Alipay writes it, "23.00", above 0 and at most Alipay's limit. Errors:
// money.ErrAmountSyntax, money.ErrOverflow, *money.AmountError.
func fen(text string) (money.Fen, error) {
	amount, err := money.ParseYuan(text)
	if err != nil {
		return 0, err
	}
	if amount <= 0 {
		return 0, &money.AmountError{Field: "amount", Value: amount, Limit: 1}
	}
	return amount, money.CheckAmount("amount", amount, maxAmount)
}

// says reports whether a text of Alipay's is just this amount.
func says(text string, amount money.Fen) bool {
	read, err := fen(text)
	return err == nil && read == amount
}
