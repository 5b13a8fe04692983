package money

import "regexp"

// PayeeError is an account to which a channel pays nothing out.
type PayeeError struct{ Must string }

func (e *PayeeError) Error() string { return "account must be " + e.Must }

// The accounts of channels, as far as a number tells.
var (
	openIDs    = regexp.MustCompile(`^[A-Za-z0-9_-]{6,64}$`)
	alipayNos  = regexp.MustCompile(`^2088[0-9]{12}$`)
	alipayTel  = regexp.MustCompile(`^1[0-9]{10}$`)
	alipayMail = regexp.MustCompile(`^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,48}\.[A-Za-z]{2,12}$`)
	cards      = regexp.MustCompile(`^[0-9]{16,19}$`)
)

// CheckPayee refuses, with a *PayeeError, an account that cannot be one of the channel's: a slip of
// the finger is told at once, and not by the bank three days later. Whose it is only the channel
// knows, which is given the driver's name to compare.
func CheckPayee(c ChannelName, account string) error {
	switch {
	case c == WeChat && !openIDs.MatchString(account):
		return &PayeeError{"the openid of a WeChat account"}
	case c == Alipay && !alipayNos.MatchString(account) && !alipayTel.MatchString(account) &&
		!alipayMail.MatchString(account):
		return &PayeeError{"an Alipay account: a mobile number, an email address, or 2088…"}
	case c == ToBank && (!cards.MatchString(account) || !luhn(account)):
		return &PayeeError{"the number of a bank card: 16 to 19 digits, the last one checks them"}
	default:
		return nil
	}
}

// luhn reports whether the last digit is the check of the others (H. P. Luhn, US patent 2,950,048;
// ISO/IEC 7812-1, annex B): it finds every wrong digit and nearly every swap of two neighbours.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// MaskAccount is an account as it is shown to its owner: the last four characters, which tell it
// from the others.
func MaskAccount(account string) string {
	if len(account) <= 4 {
		return "****"
	}
	return "****" + account[len(account)-4:]
}
