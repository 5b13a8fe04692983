module hexhail/scripts/bench-peers

go 1.26.0

require (
	github.com/tidwall/rtree v1.10.0
	hexhail v0.0.0
)

require (
	github.com/tidwall/geoindex v1.7.0 // indirect
	github.com/uber/h3-go/v4 v4.5.0 // indirect
)

replace hexhail => ../..
