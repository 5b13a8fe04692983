package main

import (
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/geo"
	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// matrixTable has the requests of every method, by its full name. A request_id is filled in when
// the request is sent.
func matrixTable() map[string][]variant {
	all := map[string][]variant{}
	for _, part := range []map[string][]variant{
		riderTable(), riderCommandTable(), driverTable(), driverReadTable(), opsTable(),
		importTable(), bookingTable(), voiceTable(), fareTable(), mendTable(), complaintTable(),
		regularTable(), teamTable(), handOverTable(), greetingTable(), campaignTable(),
		moneyTable(), drawTable(), shareTable(), reconcileTable(),
		sponsorTable(), holdTable(), walletTable(), hongbaoTable(), topUpTable(), receiptTable(),
		phoneTable(),
	} {
		for name, variants := range part {
			all[name] = append(all[name], variants...)
		}
	}
	give := func(c *driverpb.Command) proto.Message {
		return &driverpb.GiveCommandRequest{Command: c}
	}
	drive := func(c *driverpb.Command) proto.Message {
		return &driverpb.DriveRequest{Message: &driverpb.DriveRequest_Command{Command: c}}
	}
	const service = "hexhail.driver.v1.DriverService."
	for _, a := range actions() {
		all[service+"GiveCommand"] = append(all[service+"GiveCommand"], a.variant(give))
		all[service+"Drive"] = append(all[service+"Drive"], a.variant(drive))
	}
	return all
}

// same is a request that does not depend on who asks.
func same(request func(c *cast) proto.Message) func(*cast, who) []proto.Message {
	return func(c *cast, _ who) []proto.Message { return []proto.Message{request(c)} }
}

// one is a request of one message.
func one(request func(c *cast, w who) proto.Message) func(*cast, who) []proto.Message {
	return func(c *cast, w who) []proto.Message { return []proto.Message{request(c, w)} }
}

func placeOf(p geo.Point) *typepb.Place { return &typepb.Place{Point: wire.PointPB(p)} }

// quietKM is where a taxi may be without an engine finding it for anybody's ride.
const quietKM = 200

// badPage is for a page of a list that is not the caller's.
const badPage = codes.InvalidArgument

func riderTable() map[string][]variant {
	const service = "hexhail.rider.v1.RiderService."
	list := func(c *cast) map[who][]string {
		return map[who][]string{
			riderOne: {string(c.ride), string(c.earlier), c.name(driverOne), c.plate(driverOne)},
			riderTwo: {string(c.others)},
		}
	}
	get := same(func(c *cast) proto.Message {
		return &riderpb.GetRideRequest{RideId: string(c.ride)}
	})
	watch := same(func(c *cast) proto.Message {
		return &riderpb.WatchRideRequest{RideId: string(c.ride)}
	})
	card := func(c *cast) map[who][]string {
		return map[who][]string{
			riderOne: {string(c.ride), c.name(driverOne), c.plate(driverOne), c.name(companyOne)},
		}
	}
	return map[string][]variant{
		service + "QuoteRide": {{stage: searching, request: same(func(c *cast) proto.Message {
			c.cruise(driverThree, quietKM)
			return &riderpb.QuoteRideRequest{
				City: "beijing", Pickup: placeOf(c.at(quietKM)),
				Dropoff: placeOf(c.at(quietKM + 5)),
			}
		}), shows: func(*cast) map[who][]string {
			return map[who][]string{riderOne: {`"taxis"`}, riderTwo: {`"taxis"`}}
		}}},
		service + "RequestRide": {{stage: settled, request: same(func(c *cast) proto.Message {
			return &riderpb.RequestRideRequest{
				RequestId: "fresh", City: "beijing", Seats: 1, PayBy: "cash",
				Pickup: placeOf(c.at(0)), Dropoff: placeOf(c.at(5)),
			}
		})}},
		service + "GetRide": {
			{name: "searching", stage: searching, owner: riderOne, request: get},
			{name: "offered", stage: offered, owner: riderOne, request: get},
			{name: "assigned", stage: assigned, owner: riderOne, request: get, shows: card},
			{name: "settled", stage: settled, owner: riderOne, request: get, shows: card},
		},
		service + "ListRides": {
			{stage: assigned, request: same(func(*cast) proto.Message {
				return &riderpb.ListRidesRequest{}
			}), shows: list},
			{
				name: "another's page", stage: assigned, owner: riderOne, foreign: badPage,
				request: same(func(c *cast) proto.Message {
					first, err := riderpb.NewRiderServiceClient(c.conn()).ListRides(
						c.as(riderOne), &riderpb.ListRidesRequest{PageSize: 1})
					c.ok(err)
					return &riderpb.ListRidesRequest{PageToken: first.GetNextPageToken()}
				}), shows: func(c *cast) map[who][]string {
					return map[who][]string{riderOne: {string(c.earlier)}}
				},
			},
		},
		service + "WatchRide": {
			{name: "searching", stage: searching, owner: riderOne, request: watch},
			{name: "arrived", stage: arrived, owner: riderOne, request: watch, shows: card},
			{name: "settled", stage: settled, owner: riderOne, request: watch, shows: card},
		},
	}
}

// riderCommandTable has each command where it succeeds, and where the ride's state would refuse it:
// not even that is told to anybody else.
func riderCommandTable() map[string][]variant {
	const service = "hexhail.rider.v1.RiderService."
	command := func(to stage, request func(ride string) proto.Message) []variant {
		v := variant{stage: to, owner: riderOne, request: same(func(c *cast) proto.Message {
			return request(string(c.ride))
		})}
		late := v
		late.name, late.stage, late.owned = "too late", settled, codes.FailedPrecondition
		return []variant{v, late}
	}
	const id = "fresh"
	return map[string][]variant{
		service + "AddTip": command(searching, func(ride string) proto.Message {
			return &riderpb.AddTipRequest{RequestId: id, RideId: ride, TipFen: 500}
		})[:1], // after the ride too
		service + "CancelRide": command(assigned, func(ride string) proto.Message {
			return &riderpb.CancelRideRequest{RequestId: id, RideId: ride}
		}),
		service + "ConfirmFare": command(asked, func(ride string) proto.Message {
			return &riderpb.ConfirmFareRequest{RequestId: id, RideId: ride}
		}),
		service + "ContestFare": command(asked, func(ride string) proto.Message {
			return &riderpb.ContestFareRequest{RequestId: id, RideId: ride}
		})[:1], // one that is paid can be contested too
		service + "PayRide": command(completed, func(ride string) proto.Message {
			return &riderpb.PayRideRequest{RequestId: id, RideId: ride, Channel: "cash"}
		}),
		service + "RateRide": command(completed, func(ride string) proto.Message {
			return &riderpb.RateRideRequest{RequestId: id, RideId: ride, Stars: 4}
		})[:1], // a settled ride can be rated too
	}
}

// action is one of the commands of a driver.
type action struct {
	name    string // of the field in Command
	more    string
	stage   stage
	owner   who
	owned   codes.Code
	foreign codes.Code
	others  map[who]codes.Code
	fill    func(c *cast, w who, to *driverpb.Command)
}

func (a action) variant(wrap func(*driverpb.Command) proto.Message) variant {
	return variant{
		name: a.name + a.more, stage: a.stage, owner: a.owner, owned: a.owned, foreign: a.foreign,
		others: a.others,
		request: one(func(c *cast, w who) proto.Message {
			command := &driverpb.Command{RequestId: "fresh"}
			a.fill(c, w, command)
			return wrap(command)
		}),
	}
}

func setDestination(c *cast, _ who, to *driverpb.Command) {
	to.Action = &driverpb.Command_SetDestination{
		SetDestination: &driverpb.SetDestination{To: wire.PointPB(c.at(quietKM))},
	}
}

// actions are all commands of drivers; those on a ride also where its state would refuse them.
func actions() []action {
	list := []action{
		{name: "set_duty", stage: settled, fill: func(c *cast, w who, to *driverpb.Command) {
			to.Action = &driverpb.Command_SetDuty{SetDuty: &driverpb.SetDuty{
				Duty: driverpb.Duty_DUTY_PAUSED, TaxiId: c.taxi(w),
			}}
		}},
		{
			name: "set_duty", more: " with another's taxi", stage: assigned, owner: driverOne,
			foreign: codes.FailedPrecondition, fill: func(c *cast, _ who, to *driverpb.Command) {
				to.Action = &driverpb.Command_SetDuty{SetDuty: &driverpb.SetDuty{
					Duty: driverpb.Duty_DUTY_ON, TaxiId: c.taxi(driverOne),
				}}
			},
		},
		{name: "set_destination", stage: settled, fill: setDestination},
		{name: "occupied", stage: settled, fill: func(c *cast, _ who, to *driverpb.Command) {
			to.Action = &driverpb.Command_Occupied{Occupied: &driverpb.StreetRide{
				At: wire.PointPB(c.at(quietKM)),
			}}
		}},
		{
			name: "accept", stage: offered, owner: driverOne,
			fill: func(c *cast, _ who, to *driverpb.Command) {
				to.Action = &driverpb.Command_Accept{Accept: &driverpb.OfferAnswer{
					OfferId: string(c.offer),
				}}
			},
		},
		{
			name: "accept", more: " too late", stage: arrived, owner: driverOne,
			owned: codes.FailedPrecondition, fill: func(c *cast, _ who, to *driverpb.Command) {
				to.Action = &driverpb.Command_Accept{Accept: &driverpb.OfferAnswer{
					OfferId: string(c.offer),
				}}
			},
		},
		// A call is of nobody before it is grabbed; this is none that reaches anybody.
		{
			name: "grab", stage: offered, owner: driverOne, owned: codes.NotFound,
			fill: func(c *cast, _ who, to *driverpb.Command) {
				to.Action = &driverpb.Command_Grab{Grab: &driverpb.CallAnswer{
					CallId: string(c.offer),
				}}
			},
		},
		// To decline what one has not got is a conflict, whether it is another's or nobody's.
		{
			name: "decline", stage: offered, owner: driverOne, foreign: codes.FailedPrecondition,
			fill: func(c *cast, _ who, to *driverpb.Command) {
				to.Action = &driverpb.Command_Decline{Decline: &driverpb.OfferAnswer{
					OfferId: string(c.offer),
				}}
			},
		},
	}
	list = append(list, bookingActions()...)
	list = append(list, handOverActions()...)
	for _, a := range rideActions() {
		fill := a.fill
		late := action{
			name: a.name, more: " too late", stage: settled, owner: driverOne,
			owned: codes.FailedPrecondition, fill: fill,
		}
		if list = append(list, a); a.name != "rate" {
			list = append(list, late)
		}
	}
	return list
}

func rideActions() []action {
	on := func(name string, at stage, fill func(string, *driverpb.Command)) action {
		return action{
			name: name, stage: at, owner: driverOne,
			fill: func(c *cast, _ who, to *driverpb.Command) { fill(string(c.ride), to) },
		}
	}
	breakDown := on("break_down", onTrip, nil)
	breakDown.fill = func(c *cast, _ who, to *driverpb.Command) {
		to.Action = &driverpb.Command_BreakDown{BreakDown: &driverpb.BreakDown{
			RideId: string(c.ride), At: placeOf(c.at(1)),
		}}
	}
	complete := on("completed", onTrip, nil)
	complete.fill = func(c *cast, _ who, to *driverpb.Command) {
		to.Action = &driverpb.Command_Completed{Completed: &driverpb.Completion{
			RideId: string(c.ride), MeterFen: c.meterFen(),
		}}
	}
	return []action{
		breakDown, complete,
		on("arrived", assigned, func(ride string, to *driverpb.Command) {
			to.Action = &driverpb.Command_Arrived{Arrived: &driverpb.RideAction{RideId: ride}}
		}),
		on("started", arrived, func(ride string, to *driverpb.Command) {
			to.Action = &driverpb.Command_Started{Started: &driverpb.RideAction{RideId: ride}}
		}),
		on("release", assigned, func(ride string, to *driverpb.Command) {
			to.Action = &driverpb.Command_Release{Release: &driverpb.RideAction{RideId: ride}}
		}),
		on("no_show", waited, func(ride string, to *driverpb.Command) {
			to.Action = &driverpb.Command_NoShow{NoShow: &driverpb.RideAction{RideId: ride}}
		}),
		on("cash_received", completed, func(ride string, to *driverpb.Command) {
			to.Action = &driverpb.Command_CashReceived{
				CashReceived: &driverpb.RideAction{RideId: ride},
			}
		}),
		on("rate", completed, func(ride string, to *driverpb.Command) {
			to.Action = &driverpb.Command_Rate{Rate: &driverpb.RateRider{RideId: ride, Stars: 4}}
		}),
	}
}

// standing is what each driver sees of where they stand.
func standing(c *cast) map[who][]string {
	return map[who][]string{
		driverOne: {string(c.ride), c.name(riderOne), c.taxi(driverOne)},
		driverTwo: {c.taxi(driverTwo)}, driverThree: {c.taxi(driverThree)},
	}
}

func driverTable() map[string][]variant {
	const service = "hexhail.driver.v1.DriverService."
	fixes := func(c *cast) *driverpb.FixBatch {
		p := c.at(quietKM)
		return &driverpb.FixBatch{Fixes: []*typepb.Fix{{
			Lat: p.Lat, Lng: p.Lng, AtMs: c.service.clock.Now().UnixMilli(),
		}}}
	}
	ack := func(c *cast) *driverpb.OfferAck { return &driverpb.OfferAck{OfferId: string(c.offer)} }
	return map[string][]variant{
		service + "Drive": {
			{name: "fixes", stage: onTrip, request: same(func(c *cast) proto.Message {
				return &driverpb.DriveRequest{
					Message: &driverpb.DriveRequest_Fixes{Fixes: fixes(c)},
				}
			}), shows: standing},
			// Who acks an offer of somebody else is not answered; the offer stays as it is.
			{
				name: "ack", stage: offered, owner: driverOne, silent: true,
				request: same(func(c *cast) proto.Message {
					return &driverpb.DriveRequest{Message: &driverpb.DriveRequest_Ack{Ack: ack(c)}}
				}),
			},
		},
		service + "SendFixes": {{stage: onTrip, request: same(func(c *cast) proto.Message {
			return &driverpb.SendFixesRequest{Batch: fixes(c)}
		}), shows: func(*cast) map[who][]string {
			return map[who][]string{
				driverOne: {`"taken"`}, driverTwo: {`"taken"`}, driverThree: {`"taken"`},
			}
		}}},
		service + "AckOffer": {
			{stage: offered, owner: driverOne, request: same(func(c *cast) proto.Message {
				return &driverpb.AckOfferRequest{OfferId: string(c.offer)}
			})},
		},
	}
}

func driverReadTable() map[string][]variant {
	const service = "hexhail.driver.v1.DriverService."
	own := func(c *cast) map[who][]string {
		return map[who][]string{driverOne: {string(c.ride)}}
	}
	snapshot := same(func(*cast) proto.Message { return &driverpb.GetSnapshotRequest{} })
	return map[string][]variant{
		service + "GetSnapshot": {
			{name: "assigned", stage: assigned, request: snapshot, shows: standing},
			{
				name: "offered", stage: offered, request: snapshot,
				shows: func(c *cast) map[who][]string {
					return map[who][]string{driverOne: {string(c.ride), string(c.offer)}}
				},
			},
		},
		service + "GetEarnings": {{stage: settled, request: same(func(*cast) proto.Message {
			return &driverpb.GetEarningsRequest{}
		}), shows: func(c *cast) map[who][]string {
			return map[who][]string{driverOne: {fmt.Sprintf(`"%d"`, c.meterFen())}}
		}}},
		service + "GetWhy": {{stage: settled, request: same(func(*cast) proto.Message {
			return &driverpb.GetWhyRequest{}
		}), shows: func(*cast) map[who][]string {
			return map[who][]string{
				driverOne: {`"hindrance"`}, driverTwo: {`"hindrance"`},
				driverThree: {`"hindrance"`},
			}
		}}},
		service + "ListRides": {
			{stage: settled, request: same(func(*cast) proto.Message {
				return &driverpb.ListRidesRequest{}
			}), shows: own},
			{
				name: "another's page", stage: settled, owner: driverOne, foreign: badPage,
				request: same(func(c *cast) proto.Message {
					// The driver has one ride, whose page has no next one: the token is made here.
					owner := wire.Caller{Role: typepb.Role_ROLE_DRIVER, ID: c.id(driverOne)}
					return &driverpb.ListRidesRequest{PageToken: wire.NextPage(
						"driver/rides/"+owner.Identity(), string(c.ride))}
				}),
			},
		},
	}
}

func opsTable() map[string][]variant {
	const service = "hexhail.ops.v1.OpsService."
	staffs := func(v variant, shows func(c *cast) []string) []variant {
		v.stage = settled
		if shows != nil {
			v.shows = func(c *cast) map[who][]string { return map[who][]string{staff: shows(c)} }
		}
		return []variant{v}
	}
	campaign := func(c *cast, w who) *opspb.Campaign {
		from := c.service.clock.Now().Add(24 * time.Hour)
		return &opspb.Campaign{
			Id: c.fresh(), Version: 1, City: "beijing", Sponsor: "sponsor:" + c.id(w),
			Group:   c.fresh(),
			Channel: "wallet", RiderFen: 1, CapFen: 1000,
			StartsAt: timestamppb.New(from), EndsAt: timestamppb.New(from.Add(time.Hour)),
		}
	}
	return map[string][]variant{
		service + "ListDrivers": listDrivers(),
		service + "ListCities": {{stage: searching, request: same(func(*cast) proto.Message {
			return &opspb.ListCitiesRequest{}
		})}},
		service + "GetClock": {{stage: searching, request: same(func(*cast) proto.Message {
			return &opspb.GetClockRequest{}
		})}},
		service + "LaunchCampaign": staffs(variant{request: one(func(c *cast, w who) proto.Message {
			return &opspb.LaunchCampaignRequest{RequestId: "fresh", Campaign: campaign(c, w)}
		})}, nil),
		service + "ListStands": staffs(variant{request: same(func(*cast) proto.Message {
			return &opspb.ListStandsRequest{City: "beijing"}
		})}, nil),
		service + "ListStandTaxis": staffs(variant{request: same(func(*cast) proto.Message {
			return &opspb.ListStandTaxisRequest{City: "beijing", StandId: "capital-t3"}
		})}, nil),
		service + "ListCampaigns": staffs(variant{request: same(func(*cast) proto.Message {
			return &opspb.ListCampaignsRequest{City: "beijing"}
		})}, nil),
		service + "GetRide": staffs(variant{request: same(func(c *cast) proto.Message {
			return &opspb.GetRideRequest{RideId: string(c.ride)}
		})}, func(c *cast) []string {
			return []string{string(c.ride), c.id(riderOne), c.id(driverOne), c.taxi(driverOne)}
		}),
		service + "ExplainDriver": staffs(variant{request: same(func(c *cast) proto.Message {
			return &opspb.ExplainDriverRequest{DriverId: c.id(driverOne)}
		})}, func(*cast) []string { return []string{`"hindrance"`} }),
		service + "ExplainRide": staffs(variant{request: same(func(c *cast) proto.Message {
			return &opspb.ExplainRideRequest{RideId: string(c.ride)}
		})}, func(c *cast) []string { return []string{string(c.ride), c.id(driverOne)} }),
		service + "ListRides": staffs(variant{request: same(func(*cast) proto.Message {
			return &opspb.ListRidesRequest{City: "beijing"}
		})}, func(c *cast) []string { return []string{string(c.ride), string(c.others)} }),
		service + "TopUpWallet": staffs(variant{request: same(func(c *cast) proto.Message {
			return &opspb.TopUpWalletRequest{
				RequestId: "fresh", RiderId: c.id(riderOne), AmountFen: 1,
			}
		})}, nil),
		service + "AuditBooks": staffs(variant{request: same(func(*cast) proto.Message {
			return &opspb.AuditBooksRequest{}
		})}, func(*cast) []string { return []string{`"sound"`} }),
	}
}

// listDrivers asks for one's own drivers, for another company's, and with another's page.
func listDrivers() []variant {
	shows := func(c *cast) map[who][]string {
		return map[who][]string{
			companyOne: {c.id(driverOne), c.phone(driverOne)},
			companyTwo: {c.id(driverTwo), c.id(driverThree)},
		}
	}
	asking := func(w who) func(*cast, who) []proto.Message {
		return same(func(c *cast) proto.Message {
			return &opspb.ListDriversRequest{Company: c.id(w)}
		})
	}
	page := func(w who) func(*cast, who) []proto.Message {
		return same(func(c *cast) proto.Message {
			first, err := opspb.NewOpsServiceClient(c.conn()).ListDrivers(
				c.as(w), &opspb.ListDriversRequest{PageSize: 1})
			c.ok(err)
			return &opspb.ListDriversRequest{PageToken: first.GetNextPageToken()}
		})
	}
	return []variant{
		{
			stage: searching, shows: shows,
			request: same(func(*cast) proto.Message { return &opspb.ListDriversRequest{} }),
		},
		{name: "of company one", stage: searching, shows: shows, request: asking(companyOne)},
		{name: "of company two", stage: searching, shows: shows, request: asking(companyTwo)},
		{name: "of no company", stage: searching, shows: shows, request: asking(nobody)},
		{
			name: "another company's page", stage: searching, owner: companyTwo,
			foreign: badPage, request: page(companyTwo),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{companyTwo: {c.id(driverTwo)}}
			},
		},
		{
			name: "staff's page", stage: searching, owner: staff,
			foreign: badPage, request: page(staff),
		},
	}
}

// importTable has rows that say in their ids whose import they are; again they do no harm.
func importTable() map[string][]variant {
	const service = "hexhail.ops.v1.OpsService."
	imports := func(request func(c *cast, name string) proto.Message) []variant {
		return []variant{{stage: searching, request: one(func(c *cast, w who) proto.Message {
			return request(c, w.String())
		})}}
	}
	return map[string][]variant{
		service + "ImportCompanies": imports(func(c *cast, name string) proto.Message {
			return &opspb.ImportCompaniesRequest{Rows: []*opspb.Company{
				{Id: "new-" + c.id(companyOne), Name: name},
			}}
		}),
		service + "ImportDrivers": imports(func(c *cast, name string) proto.Message {
			return &opspb.ImportDriversRequest{Rows: []*opspb.Driver{
				{Id: "new-" + c.id(driverOne), City: "beijing", Name: name},
			}}
		}),
		service + "ImportTaxis": imports(func(c *cast, name string) proto.Message {
			return &opspb.ImportTaxisRequest{Rows: []*opspb.Taxi{
				{
					Id: "new-" + c.taxi(driverOne), City: "beijing", Seats: 4,
					Plate: name + c.plate(driverOne),
				},
			}}
		}),
		service + "ImportRiders": imports(func(c *cast, name string) proto.Message {
			return &opspb.ImportRidersRequest{Rows: []*opspb.Rider{
				{Id: "new-" + c.id(riderOne), Name: name},
			}}
		}),
	}
}
