package ops

import (
	"fmt"
	"strings"

	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// checkPhones refuses what cannot be dialled: a phone is digits, with a + before them if they begin
// with a country's code, or not given.
func checkPhones[P interface{ GetPhone() string }](rows []P) error {
	for i, row := range rows {
		phone := row.GetPhone()
		digits := strings.TrimPrefix(phone, "+")
		if digits == "" && phone != "" || strings.Trim(digits, "0123456789") != "" {
			return wire.BadField(fmt.Sprintf("rows[%d].phone", i),
				"digits, which may follow a +, or nothing")
		}
	}
	return nil
}

// checkPlates names the rows of a plate that two taxis of a city have in one message. Those of
// other messages the registry knows.
func checkPlates(rows []*opspb.Taxi) error {
	type plate struct{ city, text string }
	at := make(map[plate]int, len(rows))
	for i, row := range rows {
		p := plate{row.GetCity(), row.GetPlate()}
		first, twice := at[p]
		if twice && rows[first].GetId() != row.GetId() {
			return wire.BadField(fmt.Sprintf("rows[%d].plate", i),
				fmt.Sprintf("another than rows[%d].plate, %q", first, p.text))
		}
		at[p] = i
	}
	return nil
}
