package sim

import "time"

// LabOptions are the flags of a lab: of more runs than one, or of none. The zero value asks for
// nothing; [DefaultLabOptions] asks for nothing either and has the other flags' defaults.
type LabOptions struct {
	Compare  []string // --compare: modes or policy files; the others against the first
	Smallest bool     // --smallest-fleet: look for it
	Bound    bool     // --bound: the smallest fleet with hindsight

	Fleets []int  // --fleets: taxis, 1 to 100,000 each; none: --fleet's
	Seeds  int    // --seeds: from --seed on, 1 to MaxSeeds
	AtOnce int    // --at-once: runs at the same time, 1 to MaxAtOnce
	Chart  string // --chart, with --compare: a file for the SVG

	Serve   float64       // --serve: the share of requests within the graph, 0 to 1
	Arrival time.Duration // --arrival: their mean wait for the taxi at most, 1 s to 1 h
	Step    int           // --fleet-step: taxis between two fleets that are tried, 1 to 10,000
	Wait    time.Duration // --bound-wait: each ride waits up to so long, 0 to 1 h
}

// DefaultLabOptions are those of a lab that is told nothing else. The bar is that of J. Alonso-Mora
// et al. ("On-demand high-capacity ride-sharing via dynamic trip-vehicle assignment", PNAS 114,
// 2017): 98 % of the rides served at a mean wait of 2.8 minutes.
func DefaultLabOptions() LabOptions {
	return LabOptions{Seeds: 5, AtOnce: 1, Serve: 0.98, Arrival: 168 * time.Second, Step: 50}
}

// Asked reports whether a lab is asked for instead of a single run.
func (l LabOptions) Asked() bool { return len(l.Compare) > 0 || l.Smallest || l.Bound }

// Check returns an *OptionError that names the first flag out of its limits, or one that does not
// go with o.
func (l LabOptions) Check(o Options) error {
	if !l.Asked() {
		return l.idle()
	}
	switch {
	case o.Mode != ModeVirtual:
		return optionError("mode", "%s with --compare, --smallest-fleet and --bound", ModeVirtual)
	case len(l.Compare) > 0 && o.PolicyFile != "":
		return optionError("policy-file", "left out with --compare, which names such files")
	case l.Bound && (l.Smallest || len(l.Compare) > 0):
		return optionError("bound", "given without --compare and --smallest-fleet")
	case l.Chart != "" && (l.Smallest || l.Bound):
		return optionError("chart", "given with --compare alone")
	case l.Smallest && len(l.Fleets) != 0 && len(l.Fleets) != 2:
		return optionError("fleets", "the two between which --smallest-fleet looks")
	case len(l.Compare) > MaxContenders:
		return optionError("compare", "at most %d policies, not %d", MaxContenders, len(l.Compare))
	case len(l.Fleets) > MaxFleets:
		return optionError("fleets", "at most %d, not %d", MaxFleets, len(l.Fleets))
	}
	return l.checkNumbers()
}

// idle refuses what does nothing without a lab.
func (l LabOptions) idle() error {
	switch {
	case l.Chart != "":
		return optionError("chart", "given with --compare")
	case len(l.Fleets) > 0:
		return optionError("fleets", "given with --compare or --smallest-fleet, not --fleet")
	default:
		return nil
	}
}

func (l LabOptions) checkNumbers() error {
	for i, fleet := range l.Fleets {
		if fleet < 1 || fleet > maxFleet {
			return optionError("fleets", "1 to %d each, not %d", maxFleet, fleet)
		}
		if i > 0 && fleet <= l.Fleets[i-1] {
			return optionError("fleets", "each larger than the one before")
		}
	}
	for _, n := range []struct {
		flag            string
		value, min, max int
	}{
		{"seeds", l.Seeds, 1, MaxSeeds},
		{"at-once", l.AtOnce, 1, MaxAtOnce},
		{"fleet-step", l.Step, 1, 10_000},
	} {
		if n.value < n.min || n.value > n.max {
			return optionError(n.flag, "%d to %d, not %d", n.min, n.max, n.value)
		}
	}
	switch {
	case !(l.Serve >= 0 && l.Serve <= 1):
		return optionError("serve", "0 to 1, not %v", l.Serve)
	case l.Arrival < time.Second || l.Arrival > time.Hour:
		return optionError("arrival", "1s to 1h, not %v", l.Arrival)
	case l.Wait < 0 || l.Wait > time.Hour:
		return optionError("bound-wait", "0s to 1h, not %v", l.Wait)
	default:
		return nil
	}
}
