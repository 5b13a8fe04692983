package wire

import (
	"strings"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/type/v1"
)

// MaskPhone hides the four digits before the last four: "138****5678", "+86138****5678". Of a
// number of less than eight digits nothing is shown: "****". Everything but digits and a leading +
// is left out; "" stays "".
func MaskPhone(phone string) string {
	if phone == "" {
		return ""
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, phone)
	const hidden, shown = 4, 4
	head := len(digits) - hidden - shown
	if head < 0 {
		return "****"
	}
	plus := ""
	if strings.HasPrefix(phone, "+") {
		plus = "+"
	}
	return plus + digits[:head] + "****" + digits[head+hidden:]
}

// CardPB is a driver's card as the rider sees it: the phone masked.
func CardPB(c dispatch.Card) *typepb.Card {
	return &typepb.Card{
		Name: c.Name, PhotoUri: c.PhotoURI, Plate: c.Plate, Company: c.Company,
		Rating: c.Rating(), Ratings: int32Of(c.Ratings), MaskedPhone: MaskPhone(c.Phone),
	}
}

// ContactPB is a rider as the driver sees them: the phone masked. nil for the zero Rider, nobody.
func ContactPB(r dispatch.Rider) *typepb.Contact {
	if r == (dispatch.Rider{}) {
		return nil
	}
	return &typepb.Contact{Name: r.Name, MaskedPhone: MaskPhone(r.Phone)}
}
