package store

import (
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// campaignColumns are written by InsertCampaign and read by scanCampaign in this order.
var campaignColumns = columns{
	"id", "version", "name", "city", "sponsor", "channel", "state", "stack", "rules", "cap",
	"starts_at", "ends_at",
}

var (
	// Versions only go up: one that is not above all others of its campaign is not written.
	insertCampaign = &query{text: `INSERT INTO campaign (` + campaignColumns.String() + `)
		SELECT ` + campaignColumns.placeholders() + ` WHERE NOT EXISTS (
		SELECT 1 FROM campaign WHERE id = $1 AND version >= $2)`}
	campaignsOf = campaignColumns.selects(`campaign WHERE city = $1 AND version = (
		SELECT max(v.version) FROM campaign v WHERE v.id = campaign.id) ORDER BY id`)

	campaignsSince = campaignColumns.selects(`campaign WHERE city = $1 AND ends_at > $2
		AND version = (SELECT max(v.version) FROM campaign v WHERE v.id = campaign.id)
		ORDER BY id`)

	// takeCount is the one guard of a limit of the day: the condition and the change are one
	// statement, so that no two takers can both see the last one. At the limit it returns no row.
	takeCount = &query{text: `INSERT INTO campaign_count (campaign, day, side, who, n)
		VALUES ($1, $2, $3, $4, 1) ON CONFLICT (campaign, day, side, who)
		DO UPDATE SET n = campaign_count.n + 1 WHERE campaign_count.n < $5 RETURNING n`}
	giveBackCount = &query{text: `UPDATE campaign_count SET n = n - 1
		WHERE campaign = $1 AND day = $2 AND side = $3 AND who = $4`}
	addToSegment = &query{text: `INSERT INTO segment (rider, name) VALUES ($1, $2)
		ON CONFLICT (rider, name) DO NOTHING`}
	dropFromSegment = &query{text: `DELETE FROM segment WHERE rider = $1 AND name = $2`}
	segmentsOf      = &query{text: `SELECT name FROM segment WHERE rider = $1
		ORDER BY name LIMIT $2`}
	countOf = &query{text: `SELECT n FROM campaign_count
		WHERE campaign = $1 AND day = $2 AND side = $3 AND who = $4`}
)

// rules are the parts of a campaign that no query looks into, as JSON in one column.
type rules struct {
	When   money.When   `json:"when,omitzero"`
	Rider  money.Gift   `json:"rider,omitzero"`
	Driver money.Gift   `json:"driver,omitzero"`
	Limits money.Limits `json:"limits,omitzero"`
}

func scanCampaign(r *reader) money.Campaign {
	c := money.Campaign{
		ID: money.CampaignID(r.text()), Version: r.int(), Name: r.text(), City: r.text(),
		Sponsor: money.Party(r.text()), Channel: money.ChannelName(r.text()),
		State: name(r, money.ParseCampaignState), Group: r.text(),
	}
	var has rules
	r.json("rules", &has)
	c.When, c.Rider, c.Driver, c.Limits = has.When, has.Rider, has.Driver, has.Limits
	c.Cap, c.StartsAt, c.EndsAt = r.fen(), r.time(), r.time()
	return c
}

// InsertCampaign implements [money.Campaigns].
func (t *tx) InsertCampaign(c money.Campaign) error {
	text, err := jsonText("rules", rules{c.When, c.Rider, c.Driver, c.Limits})
	if err != nil {
		return err
	}
	changed, err := t.exec(insertCampaign, string(c.ID), c.Version, c.Name, c.City,
		string(c.Sponsor), string(c.Channel), c.State.String(), c.Group, text, int64(c.Cap),
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

// CampaignsSince implements [money.Campaigns].
func (t *tx) CampaignsSince(city string, since time.Time) ([]money.Campaign, error) {
	return all(t, scanCampaign, campaignsSince, city, millis(since))
}

// TakeCount implements [money.Counts].
func (t *tx) TakeCount(k money.CountKey, limit int) (int, error) {
	t.at(PauseCount)
	n, _, err := one(t, (*reader).int, takeCount,
		string(k.Campaign), k.Day, string(k.Side), k.Key, limit)
	return n, err
}

// GiveBackCount implements [money.Counts].
func (t *tx) GiveBackCount(k money.CountKey) error {
	changed, err := t.exec(giveBackCount, string(k.Campaign), k.Day, string(k.Side), k.Key)
	if err == nil && changed != 1 {
		t.failed = dispatch.Errorf(dispatch.Internal, dispatch.ReasonLedger,
			"count %s %s %s was never taken", k.Campaign, k.Day, k.Side)
		err = t.failed
	}
	return err
}

// CountOf implements [money.Counts].
func (t *tx) CountOf(k money.CountKey) (int, error) {
	n, _, err := one(t, (*reader).int, countOf,
		string(k.Campaign), k.Day, string(k.Side), k.Key)
	return n, err
}

// AddToSegment implements [money.Segments].
func (t *tx) AddToSegment(segment string, rider money.Party) error {
	_, err := t.exec(addToSegment, string(rider), segment)
	return err
}

// DropFromSegment implements [money.Segments].
func (t *tx) DropFromSegment(segment string, rider money.Party) error {
	_, err := t.exec(dropFromSegment, string(rider), segment)
	return err
}

// SegmentsOf implements [money.Segments].
func (t *tx) SegmentsOf(rider money.Party) ([]string, error) {
	return all(t, (*reader).text, segmentsOf, string(rider), money.MaxRiderSegments)
}
