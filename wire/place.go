package wire

import (
	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/type/v1"
)

// DatumOf is the datum of a message; 0, which is no datum, if the message does not say or names one
// that we do not know.
func DatumOf(d typepb.Datum) geo.Datum {
	switch d {
	case typepb.Datum_DATUM_WGS84:
		return geo.WGS84
	case typepb.Datum_DATUM_GCJ02:
		return geo.GCJ02
	case typepb.Datum_DATUM_BD09:
		return geo.BD09
	default:
		return 0
	}
}

// PointOf is a point of a message in WGS-84, whatever datum it is given in. Errors: Invalid if the
// point is absent, does not say its datum, or is not on the earth.
func PointOf(p *typepb.Point) (geo.Point, error) {
	if p == nil {
		return geo.Point{}, BadField("point", "given")
	}
	return geo.ToWGS84(DatumOf(p.GetDatum()), geo.Point{Lat: p.GetLat(), Lng: p.GetLng()})
}

// PointPB is a point for a message, in WGS-84.
func PointPB(p geo.Point) *typepb.Point {
	return &typepb.Point{Lat: p.Lat, Lng: p.Lng, Datum: typepb.Datum_DATUM_WGS84}
}

// PlaceOf is a place of a message. field is its path in the message, which errors name. Errors:
// Invalid as for PointOf, or for a name or a note that is too long.
func PlaceOf(field string, p *typepb.Place) (dispatch.Place, error) {
	if p.GetPoint() == nil {
		return dispatch.Place{}, BadField(field+".point", "given")
	}
	at, err := PointOf(p.GetPoint())
	if err != nil {
		return dispatch.Place{}, &dispatch.Error{
			Kind: dispatch.Invalid, Reason: dispatch.ReasonPosition, Text: field + ".point",
			Cause: err,
		}
	}
	place := dispatch.Place{Point: at, Name: p.GetName(), Note: p.GetNote()}
	if err := place.Check(field); err != nil {
		return dispatch.Place{}, err
	}
	return place, nil
}

// PlacePB is a place for a message.
func PlacePB(p dispatch.Place) *typepb.Place {
	return &typepb.Place{Point: PointPB(p.Point), Name: p.Name, Note: p.Note}
}
