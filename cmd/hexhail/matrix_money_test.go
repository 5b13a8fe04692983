package main

import (
	"fmt"
	"maps"

	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	"hexhail/money"
	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
)

// examplesCard is the number that all examples have.
const examplesCard = "4111111111111111"

// moneyTable has the requests about what drivers take, and take out.
func moneyTable() map[string][]variant {
	all := driverMoneyTable()
	maps.Copy(all, payoutTable())
	all["hexhail.ops.v1.OpsService.GetStatement"] = statementVariants()
	return all
}

// month is the present one of the city.
func (c *cast) month() string {
	return c.service.clock.Now().In(c.service.cities["beijing"].Zone).Format("2006-01")
}

func driverMoneyTable() map[string][]variant {
	const driver = "hexhail.driver.v1.DriverService."
	return map[string][]variant{
		driver + "GetBalance": {{
			stage: searching,
			request: same(func(c *cast) proto.Message {
				c.earn(driverOne)
				return &driverpb.GetBalanceRequest{}
			}),
			shows: func(*cast) map[who][]string {
				return map[who][]string{driverOne: {`"availableFen"`, `"bank"`}}
			},
		}},
		driver + "Withdraw": {{
			stage: searching,
			request: one(func(c *cast, w who) proto.Message {
				c.earn(w)
				return &driverpb.WithdrawRequest{
					RequestId: "fresh", Channel: "bank", Account: examplesCard,
					AmountFen: 10_00,
				}
			}),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{driverOne: {c.id(driverOne), "****1111"}}
			},
		}},
		driver + "ListWithdrawals": {{
			stage: searching,
			request: same(func(c *cast) proto.Message {
				c.withdraw()
				return &driverpb.ListWithdrawalsRequest{}
			}),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{driverOne: {c.id(driverOne)}}
			},
		}},
		driver + "GetStatement": {{
			stage: settled,
			request: same(func(c *cast) proto.Message {
				return &driverpb.GetStatementRequest{Month: c.month()}
			}),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{driverOne: {fmt.Sprintf(`"%d"`, c.meterFen())}}
			},
		}},
	}
}

// payoutTable has what ops do about withdrawals.
func payoutTable() map[string][]variant {
	const ops = "hexhail.ops.v1.OpsService."
	shows := func(texts ...string) func(*cast) map[who][]string {
		return func(*cast) map[who][]string { return map[who][]string{staff: texts} }
	}
	return map[string][]variant{
		ops + "ListWithdrawals": {{
			stage: searching,
			request: same(func(c *cast) proto.Message {
				c.withdraw()
				return &opspb.ListWithdrawalsRequest{PageSize: 200}
			}),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{staff: {c.id(driverOne)}}
			},
		}},
		ops + "MakeBankFile": {{
			stage: searching,
			request: same(func(c *cast) proto.Message {
				c.withdraw()
				return &opspb.MakeBankFileRequest{RequestId: "fresh"}
			}),
			shows: shows(`"fileId"`),
		}},
		ops + "GetBankFile": {{
			stage: searching,
			request: same(func(c *cast) proto.Message {
				return &opspb.GetBankFileRequest{FileId: string(c.bankFile())}
			}),
			shows: shows(`"csv"`),
		}},
		ops + "ImportBankResults": {{
			stage: searching,
			request: same(func(*cast) proto.Message {
				return &opspb.ImportBankResultsRequest{
					Csv: []byte("withdrawal_id,amount_yuan,result\nnobodys,1.00,paid\n"),
				}
			}),
			shows: shows(`"refused"`),
		}},
	}
}

// statementVariants are of each kind of statement.
func statementVariants() (all []variant) {
	for _, of := range []func(c *cast, r *opspb.GetStatementRequest){
		func(c *cast, r *opspb.GetStatementRequest) {
			r.Of = &opspb.GetStatementRequest_DriverId{DriverId: c.id(driverOne)}
		},
		func(c *cast, r *opspb.GetStatementRequest) {
			r.Of = &opspb.GetStatementRequest_TaxiId{TaxiId: c.taxi(driverOne)}
		},
		func(c *cast, r *opspb.GetStatementRequest) {
			r.Of = &opspb.GetStatementRequest_CompanyId{CompanyId: c.id(companyOne)}
		},
	} {
		all = append(all, variant{
			name: fmt.Sprint(len(all)), stage: settled,
			request: same(func(c *cast) proto.Message {
				r := &opspb.GetStatementRequest{Month: c.month(), City: "beijing"}
				of(c, r)
				return r
			}),
			shows: func(c *cast) map[who][]string {
				taken := fmt.Sprintf(`"%d"`, c.meterFen())
				return map[who][]string{staff: {taken}, companyOne: {taken}}
			},
		})
	}
	return all
}

// earn books 100 yuan for a driver.
func (c *cast) earn(w who) {
	c.t.Helper()
	id, now := c.fresh(), c.service.clock.Now()
	c.ok(c.service.db.MoneyTx(c.t.Context(), func(tx money.Tx) error {
		return tx.Book(money.Entry{ID: money.EntryID(id), At: now, Transfers: []money.Transfer{{
			ID: money.TransferID(id), Kind: money.TransferPosted, Code: money.CodeFare,
			Debit: money.SandboxEquity, Amount: 100_00,
			Credit: money.DriverPayable(money.Party(c.id(w))),
		}}})
	}))
}

// withdraw has driverOne take something out to a bank card, once a cast.
func (c *cast) withdraw() {
	c.t.Helper()
	c.earn(driverOne)
	_, err := c.service.desk.Withdraw(c.t.Context(), c.service.clock.Now(),
		dispatch.Once{Identity: "driver:" + c.id(driverOne), RequestID: "withdraw"},
		dispatch.Withdraw{
			Driver: dispatch.DriverID(c.id(driverOne)), Channel: money.ToBank,
			Account: examplesCard, Amount: 10_00,
		})
	c.ok(err)
}

// bankFile is a file for the bank with that.
func (c *cast) bankFile() money.BankFileID {
	c.t.Helper()
	c.withdraw()
	file, err := c.service.desk.MakeBankFile(c.t.Context(), c.service.clock.Now(),
		dispatch.Once{Identity: "ops:" + c.id(staff), RequestID: "file"})
	c.ok(err)
	return file.ID
}
