package ops

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// ListCities reads the cities by id.
func (s *Server) ListCities(context.Context, *opspb.ListCitiesRequest) (
	*opspb.ListCitiesResponse, error,
) {
	out := &opspb.ListCitiesResponse{}
	for _, id := range slices.Sorted(maps.Keys(s.config.Cities)) {
		c := s.config.Cities[id]
		policy, err := json.Marshal(c.PolicyAt(s.now()))
		if err != nil {
			return nil, err
		}
		policies, err := c.Policies.Format(c.Zone)
		if err != nil {
			return nil, err
		}
		out.Cities = append(out.Cities, &opspb.City{
			Id: string(c.ID), Name: c.Name, NameZh: c.NameZH, TimeZone: c.Zone.String(),
			Center: wire.PointPB(c.Center), PolicyJson: string(policy),
			PoliciesJson: string(policies),
		})
	}
	return out, nil
}
