package store_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"hexhail/store/storetest"
)

// bySlot is the plan of what asks for a driver's ride in a slot.
const bySlot = "ride_one_per_driver (driver=? AND slot=?)"

// plansWanted has the indexes that will do for each statement, one or the other after a bar.
func plansWanted() map[string]string {
	const byID = "ride USING INDEX sqlite_autoindex_ride_1 (id=?)"
	want := map[string]string{
		"riderRide": byID, "driverRide": byID, "driverOffer": byID,
		"riderVoice": "ride_by_rider (rider=? AND id=?)", "forgetVoices": "voice_age (came_at<?)",
		"driverVoice": "offer_one_per_ride (ride=?)", "callVoice": "call_one_per_ride (ride=?)",
		"rideContact": "ride_by_driver (driver=? AND id=?)",
		"rideCard":    "COVERING INDEX ride_driven (driver=? AND completed_at>?)",
		"earnings":    "ride_driven (driver=? AND completed_at>? AND completed_at<?)",

		"riderRides":           "ride_by_rider (rider=?)",
		"riderRides after":     "ride_by_rider (rider=? AND id<?)",
		"driverRides":          "ride_by_driver (driver=?)",
		"driverRides after":    "ride_by_driver (driver=? AND id<?)",
		"companyDrivers":       "driver_by_company (company=?)",
		"companyDrivers after": "driver_by_company (company=? AND id>?)",
		"cityRides":            "ride_by_city (city=?)",
		"cityRides after":      "ride_by_city (city=? AND id<?)",
		"searching":            "SCAN ride USING INDEX ride_search_due",
		"searching after":      "SCAN ride USING INDEX ride_search_due",
		"settled":              "ride_by_city (city=?)", "cancelled": "ride_by_city (city=?)",
		"settled after":   "ride_by_city (city=? AND id<?)",
		"cancelled after": "ride_by_city (city=? AND id<?)",

		"driversRide": "ride_one_per_driver", "ridersRide": "ride_one_per_rider",
		"driversNext": bySlot, "insertOffer": bySlot, "insertNextOffer": bySlot,
		"dueRides":        "ride_search_due (city=? AND search_by<?)",
		"unpaidRides":     "ride_unpaid (changed_at<?)",
		"silentFares":     "ride_fare_asked (city=? AND completed_at<?)",
		"unpaidFees":      "payment_cancel_fee (payer=?)",
		"dueDrawDays":     "draw_day_due (due_at>? AND due_at<?)|draw_day_due (due_at<?)",
		"campaignsSince":  "campaign_in_city (city=? AND ends_at>?)",
		"cityDrawDays":    "draw_day_one_per_city (city=? AND day>? AND day<?)",
		"paidRides":       "ride_by_city (city=? AND id>? AND id<?)",
		"riderLots":       "lot_of_payer (payer=?)",
		"riderLots after": "lot_of_payer (payer=? AND subject<?)",
		"countSearching":  "COVERING INDEX ride_search_due", "changedRides": "ride_changed",
		"searchingRides": "SCAN ride USING INDEX ride_search_due",
		"activeRides":    "SCAN ride USING INDEX ride_one_per_",
		"endedOffers":    "ride USING INDEX ride_search_due",
		"taxisRide":      "ride_last_of_taxi (taxi=? AND started_at>?)",
		"riderShares":    "payment_share (payer=?)",
		"dueSplits":      "split_due (due_at<?)",
		"riderByPhone":   "rider_by_phone (phone=?)",
		"payCodeOfTaxi":  "pay_code_of_taxi (taxi=?)",
		"payCodeOfRide":  "pay_code_of_ride (ride=? AND share=?)",
	}
	// Two small indexes have the same rows; which of them SQLite takes depends on a row's width.
	ahead := "SCAN ride USING INDEX ride_ahead|SCAN ride USING INDEX ride_due"
	for _, state := range []string{"scheduled", "booked"} {
		want[state] = ahead
		want[state+" after"] = want[state]
	}
	maps.Copy(want, aheadPlans(ahead))
	maps.Copy(want, complaintPlans())
	maps.Copy(want, billPlans())
	maps.Copy(want, hongbaoPlans())
	maps.Copy(want, topUpPlans())
	for _, state := range []string{"assigned", "arrived", "on_trip"} {
		want[state] = "SCAN ride USING INDEX ride_one_per_"
		want[state+" after"] = want[state]
	}
	for _, state := range []string{"completed", "no_show", "expired"} {
		want[state] = "ride_by_end (city=? AND state=?)"
		want[state+" after"] = "ride_by_end (city=? AND state=? AND id<?)"
	}
	return want
}

// TestPlans: SQLite takes the index that a statement was made for. Which it takes is its guess, and
// a new index can lead it astray: a list of a city's open rides that walks through all that the
// city has ever had is right, and slow.
func TestPlans(t *testing.T) {
	want := plansWanted()
	for engine, openDB := range map[string]storetest.Open{"file": openFile, "memory": openMemory} {
		plans, err := openDB(t).Plans(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for name, plan := range plans {
			if want[name] == "" || !slices.ContainsFunc(strings.Split(want[name], "|"),
				func(index string) bool { return strings.Contains(plan, index) }) {
				t.Errorf("%s: %s goes by %q, not by %q", engine, name, plan, want[name])
			}
		}
		if len(plans) != len(want) {
			t.Errorf("%s: %d plans, want %d", engine, len(plans), len(want))
		}
	}
}

// topUpPlans are those of what riders pay into their wallets.
func topUpPlans() map[string]string {
	return map[string]string{
		"openTopUps":        "payment_top_up_open (payer=?)",
		"riderTopUp":        "payment_top_up (payer=? AND subject=?)|payment_owed_once",
		"riderTopUps":       "payment_top_up (payer=?)",
		"riderTopUps after": "payment_top_up (payer=? AND subject<?)",
	}
}

// billPlans are those of a bill's rows: each batch of them goes by their numbers.
func billPlans() map[string]string {
	return map[string]string{
		"keptRows":     "bill_row_number (number=?)",
		"openRows":     "bill_row_open (channel=? AND merchant=? AND day=? AND number>?)",
		"rowSums":      "bill_row USING PRIMARY KEY (channel=? AND merchant=? AND day=?)",
		"ordersIn":     "attempt USING PRIMARY KEY (id=?)",
		"refundsIn":    "refund USING PRIMARY KEY (id=?)",
		"ordersMoved":  "attempt_captured (channel=? AND merchant=? AND captured_at>?",
		"settledRides": "ride_by_city (city=? AND id>? AND id<?)",
		"repairsOf":    "repair_one_of_group (ride=?)",
		"repairsBy":    "repair USING PRIMARY KEY (campaign=? AND ride>?)",
		"given":        "transfer_given (debit=? AND at>? AND at<?)",
		"returned":     "transfer_returned (at>? AND at<?)",
		"refundsMoved": "refund_done (channel=? AND merchant=? AND done_at>?",
	}
}

// hongbaoPlans are those of hongbaos: what is claimed of them goes by the time of transfers.
func hongbaoPlans() map[string]string {
	return map[string]string{
		"hongbaosOf":          "hongbao USING INDEX hongbao_of_rider (rider=? AND expires_at>?)",
		"dueHongbaos":         "hongbao USING INDEX hongbao_due (due_at>? AND due_at<?)",
		"hongbaosSpent":       "transfer_of_hongbao (at>? AND at<?)",
		"riderHongbaos":       "hongbao_of_rider (rider=?)",
		"riderHongbaos after": "hongbao_of_rider (rider=?",
	}
}

func complaintPlans() map[string]string {
	return map[string]string{
		"complaintOf":            "complaint USING PRIMARY KEY (ride=? AND by_side=?)",
		"againstRider":           "complaint_rider (rider=? AND by_side=?)",
		"againstDriver":          "complaint_driver (driver=? AND by_side=?)",
		"riderComplaints":        "complaint_rider (rider=?)",
		"riderComplaints after":  "complaint_rider (rider=?)",
		"driverComplaints":       "complaint_driver (driver=?)",
		"driverComplaints after": "complaint_driver (driver=?)",
		"contests":               "complaint_contested (city=?)",
		"contests after":         "complaint_contested (city=?)",
	}
}

// aheadPlans are those of bookings, which two indexes serve, and of regulars.
func aheadPlans(ahead string) map[string]string {
	return map[string]string{
		"dueBookings":           "ride_due (city=? AND due_at<?)",
		"driversBookings":       "ride_booked (driver=?)",
		"ridersBookings":        "ride_ahead (rider=?)",
		"flightRides":           "ride_flight (city=? AND flight=? AND flight_day=?)",
		"openFlights":           "ride_flight (city=?",
		"openBookings":          ahead,
		"openBookings after":    ahead,
		"deliverGreeting":       "regular_of_driver (driver=?)",
		"forgetGreetings":       "greeting_age (sent_at<?)",
		"forgetGreetingsTo":     "greeting_to_whom (greeting=?)",
		"riderGreetings":        "greeting_to USING PRIMARY KEY (rider=?)",
		"riderGreetings after":  "greeting_to USING PRIMARY KEY (rider=? AND greeting<?)",
		"driverGreetings":       "greeting_of_driver (driver=?)",
		"driverGreetings after": "greeting_of_driver (driver=? AND id<?)",
		"handOver":              "ride USING INDEX sqlite_autoindex_ride_1 (id=?)",
		"handOverOf":            "hand_over_once (ride=?)",
		"handOvers":             "ride_handing (hand_team=?",
		"handOvers after":       "ride_handing (hand_team=?",
		"accountsOf":            "ride_device (device=? AND completed_at>? AND completed_at<?)",
		"briefRides":            "ride_driven (driver=? AND completed_at>? AND completed_at<?)",
		"riddenTogether":        "ride_by_rider (rider=? AND id>?)",
		"regularOf":             "regular_one_per_pair (rider=? AND driver=?)",
		"teamOf":                "team_one_per_driver (driver=?)",
		"members":               "team_member_once (team=?)",
		"teamMembers":           "team_member USING INDEX team_member_once (team=?)",
		"invitations":           "team_invited (driver=?)",
		"changedShifts":         "team_member USING INDEX team_one_per_driver (driver=?)",
		"ridersRegulars":        "regular_of_rider (rider=?)",
		"driversRegulars":       "regular_of_driver (driver=?)",
		"riderRegulars":         "regular_of_rider (rider=?)",
		"riderRegulars after":   "regular_of_rider (rider=? AND id<?)",
		"driverRegulars":        "regular_of_driver (driver=?)",
		"driverRegulars after":  "regular_of_driver (driver=? AND id<?)",
	}
}
