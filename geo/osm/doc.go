// Package osm reads road graphs from OpenStreetMap files, XML or PBF:
//
//	roads, err := osm.Read(geo.RoadFile{Name: "monaco.osm.pbf", R: file})
//
// What a taxi may drive on becomes edges both ways or one, at the usual speed of its class or its
// own limit; of these the largest part stays in which every node can be reached from every other.
// It does not know turn restrictions, lights or hours: what they cost is learned from finished
// drives (geo.RoadTimes).
//
// It starts nothing and keeps nothing.
package osm
