package money

import (
	"strings"
	"time"
)

// hongbaoPrefix begins the names under which hongbaos are claimed, beside campaigns.
const hongbaoPrefix = "hongbao/"

// HongbaoSponsor is who has given hongbaos, in a city: what is spent of all of them on a day is one
// claim.
type HongbaoSponsor struct {
	City    string
	Sponsor Party
}

// Claimed names their claims: "hongbao/beijing/alipay".
func (s HongbaoSponsor) Claimed() CampaignID {
	return CampaignID(hongbaoPrefix + s.City + "/" + string(s.Sponsor))
}

// HongbaosClaimed is whose hongbaos a claim is of, if it is of any.
func HongbaosClaimed(c CampaignID) (HongbaoSponsor, bool) {
	name, is := strings.CutPrefix(string(c), hongbaoPrefix)
	city, sponsor, both := strings.Cut(name, "/")
	return HongbaoSponsor{City: city, Sponsor: Party(sponsor)}, is && both
}

// HongbaoClaims are what sponsors are asked for hongbaos.
type HongbaoClaims interface {
	// HongbaoSponsors are those of whose hongbaos of a city something was spent, or came back, in
	// [from, to).
	HongbaoSponsors(city string, from, to time.Time) ([]HongbaoSponsor, error)
	// HongbaosSpent is what was spent of them in [from, to), less what came back, in how many
	// transfers.
	HongbaosSpent(s HongbaoSponsor, from, to time.Time) (sum Fen, transfers int, err error)
}

// claimHongbaos makes the claims of what was spent of hongbaos on a day.
func claimHongbaos(tx Tx, city string, day CityDay, now time.Time) (made []Claim, err error) {
	sponsors, err := tx.HongbaoSponsors(city, day.From, day.To)
	if err != nil {
		return nil, err
	}
	for _, s := range sponsors {
		sum, n, err := tx.HongbaosSpent(s, day.From, day.To)
		if err != nil {
			return nil, err
		}
		claim, err := madeClaim(tx, Claim{
			Campaign: s.Claimed(), Day: day.Day, City: s.City, Sponsor: s.Sponsor, Amount: sum,
			Transfers: n, State: ClaimMade, MadeAt: now, ChangedAt: now,
		})
		if err != nil {
			return nil, err
		}
		made = append(made, claim...)
	}
	return made, nil
}
