package store

import (
	"hexhail/dispatch"
	"hexhail/money"
)

// campaignColumns are written by InsertCampaign and read by scanCampaign in this order.
var campaignColumns = columns{
	"id", "version", "city", "sponsor", "channel", "rider", "driver", "cap", "starts_at", "ends_at",
}

var (
	// Versions only go up: one that is not above all others of its campaign is not written.
	insertCampaign = &query{text: `INSERT INTO campaign (` + campaignColumns.String() + `)
		SELECT ` + campaignColumns.placeholders() + ` WHERE NOT EXISTS (
		SELECT 1 FROM campaign WHERE id = $1 AND version >= $2)`}
	campaignsOf = campaignColumns.selects(`campaign WHERE city = $1 AND version = (
		SELECT max(v.version) FROM campaign v WHERE v.id = campaign.id) ORDER BY id`)
)

func scanCampaign(r *reader) money.Campaign {
	return money.Campaign{
		ID: money.CampaignID(r.text()), Version: r.int(), City: r.text(),
		Sponsor: money.Party(r.text()), Channel: money.ChannelName(r.text()),
		Rider: r.fen(), Driver: r.fen(), Cap: r.fen(), StartsAt: r.time(), EndsAt: r.time(),
	}
}

// InsertCampaign implements [money.Campaigns].
func (t *tx) InsertCampaign(c money.Campaign) error {
	changed, err := t.exec(insertCampaign, string(c.ID), c.Version, c.City, string(c.Sponsor),
		string(c.Channel), int64(c.Rider), int64(c.Driver), int64(c.Cap),
		millis(c.StartsAt), millis(c.EndsAt))
	if err != nil || changed == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonDuplicate,
		"campaign %s has version %d or a later one already", c.ID, c.Version)
}

// CampaignsOf implements [money.Campaigns].
func (t *tx) CampaignsOf(city string) ([]money.Campaign, error) {
	return all(t, scanCampaign, campaignsOf, city)
}
