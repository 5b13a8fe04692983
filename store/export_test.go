package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hexhail/dispatch"
)

// Raw runs one statement in a transaction of its own.
func (db *DB) Raw(ctx context.Context, text string) error {
	return db.transact(ctx, func(t *tx) error {
		_, err := t.exec(&query{text: text})
		return err
	})
}

// Plans are how SQLite goes about the statements whose speed depends on an index, by name.
func (db *DB) Plans(ctx context.Context) (map[string]string, error) {
	queries := map[string]*query{
		"riderVoice": riderVoice, "driverVoice": driverVoice, "callVoice": callVoice,
		"forgetVoices": forgetVoices, "riderShares": riderShares,
		"riderRide": riderRide, "driverRide": driverRide, "driverOffer": driverOffer,
		"rideContact": rideContact, "rideCard": rideCard, "earnings": earnings,
		"driversRide": driversRide, "ridersRide": ridersRide, "dueRides": dueRides,
		"unpaidRides": unpaidRides, "silentFares": silentFares,
		"countSearching": countSearching, "unpaidFees": unpaidFees,
		"changedRides": changedRides, "searchingRides": searchingRides,
		"driversNext": driversNext, "insertNextOffer": insertNextOffer,
		"activeRides": activeRides, "endedOffers": endedOffers, "insertOffer": insertOffer,
		"dueBookings": dueBookings, "driversBookings": driversBookings,
		"ridersBookings": ridersBookings, "flightRides": flightRides, "openFlights": openFlights,
		"againstRider": againstRider, "againstDriver": againstDriver,
		"complaintOf": complaintOf,
		"regularOf":   regularOf, "ridersRegulars": ridersRegulars,
		"driversRegulars": driversRegulars,
		"teamOf":          teamOf, "members": members, "teamMembers": teamMembers,
		"invitations": invitations, "changedShifts": changedShifts,
		"handOver": handOver, "handOverOf": handOverOf,
		"deliverGreeting": deliverGreeting, "forgetGreetings": forgetGreetings,
		"forgetGreetingsTo": forgetGreetingsTo,
		"campaignsSince":    campaignsSince,
		"dueDrawDays":       dueDrawDays, "cityDrawDays": cityDrawDays, "paidRides": paidRides,
		"taxisRide": taxisRide, "payCodeOfTaxi": payCodeOfTaxi,
		"payCodeOfRide": payCodeOfRide, "dueSplits": dueSplits, "riderByPhone": riderByPhone,
		"keptRows": keptRows, "openRows": openRows, "rowSums": rowSums,
		"ordersIn": ordersIn, "refundsIn": refundsIn,
		"ordersMoved": ordersMoved, "refundsMoved": refundsMoved, "given": given,
		"returned":     returned,
		"settledRides": settledRides, "repairsOf": repairsOf, "repairsBy": repairsBy,
		"riddenTogether": riddenTogether, "briefRides": briefRides, "accountsOf": accountsOf,
		"hongbaosOf": hongbaosOf, "dueHongbaos": dueHongbaos, "hongbaosSpent": hongbaosSpent,
		"openTopUps": openTopUps, "riderTopUp": riderTopUp,
	}
	lists := map[string]pages{
		"openBookings": openBookings, "handOvers": handOvers,
		"riderGreetings": riderGreetings, "driverGreetings": driverGreetings,
		"riderComplaints": riderComplaints, "driverComplaints": driverComplaints,
		"contests": contests, "riderLots": riderLots, "riderHongbaos": riderHongbaos,
		"riderTopUps": riderTopUps,
		"riderRides":  riderRides, "driverRides": driverRides, "companyDrivers": companyDrivers,
		"cityRides": cityRides, "riderRegulars": riderRegulars, "driverRegulars": driverRegulars,
	}
	for state := dispatch.Scheduled; state <= dispatch.Expired; state++ {
		lists[state.String()] = cityRidesIn[state]
	}
	for name, list := range lists {
		queries[name], queries[name+" after"] = list.first, list.after
	}
	plans := map[string]string{}
	for name, q := range queries {
		args := 0
		for strings.Contains(q.text, fmt.Sprintf("$%d", args+1)) {
			args++
		}
		var steps []string
		err := db.look(ctx).each(&query{text: "EXPLAIN QUERY PLAN " + q.text},
			slices.Repeat([]any{""}, args), func(r *reader) {
				_, _, _ = r.integer(), r.integer(), r.integer() // id, parent, not used
				steps = append(steps, r.text())
			})
		if err != nil {
			return nil, err
		}
		plans[name] = strings.Join(steps, "; ")
	}
	return plans, nil
}

// CloseWithin is Close with another patience.
func (db *DB) CloseWithin(most time.Duration) error { return db.closeWithin(most) }
