package store

import (
	"encoding/json"

	"hexhail/dispatch"
)

var (
	putLearned = &query{text: `INSERT INTO learned (city, seen, weights, at)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (city) DO UPDATE SET seen = excluded.seen, weights = excluded.weights,
		at = excluded.at`}
	learned = &query{text: `SELECT seen, weights, at FROM learned WHERE city = $1`}
)

// PutLearned implements [dispatch.Models].
func (t *tx) PutLearned(l dispatch.Learned) error {
	weights, err := json.Marshal(l.Weights)
	if err != nil {
		return internal("weights of "+string(l.City), err)
	}
	_, err = t.exec(putLearned, string(l.City), l.Seen, string(weights), millis(l.At))
	return err
}

// Learned implements [dispatch.Models].
func (t *tx) Learned(city dispatch.CityID) (dispatch.Learned, bool, error) {
	l := dispatch.Learned{City: city}
	text, ok, err := one(t, func(r *reader) string {
		var weights string
		l.Seen, weights, l.At = r.int(), r.text(), r.time()
		return weights
	}, learned, string(city))
	if err != nil || !ok {
		return dispatch.Learned{}, false, err
	}
	if err := json.Unmarshal([]byte(text), &l.Weights); err != nil {
		return dispatch.Learned{}, false, internal("weights of "+string(city), err)
	}
	return l, true, nil
}
