package dispatch

import "math"

// distFar is the distance of a column that a search has not reached.
const distFar = int64(math.MaxInt64)

// assignEdge is a cost (upper 32 bits) and a column (lower 32), so that ordinary order sorts by
// cost, then by column.
type assignEdge int64

func edgeOf(cost, col int32) assignEdge { return assignEdge(cost)<<32 | assignEdge(col) }

func (e assignEdge) cost() int64 { return int64(e >> 32) }

func (e assignEdge) col() int32 { return int32(e & math.MaxInt32) }

// assignColumn is all that a search needs to know of a column, in half a cache line.
type assignColumn struct {
	price int64 // ≥ 0, and 0 while the column is free
	dist  int64 // in the running search: distance from its root, or distFar
	from  int32 // the row before it on the shortest path
	row   int32 // the row it serves, or -1
}

// assignPaths gives every row a column at least total cost, by shortest augmenting paths. There
// must be a way to serve all rows at once, and each row must be sorted.
//
// Between searches, for every row i and edge (i, j): level[i] ≤ cost + price[j], with equality if
// j serves i. With price 0 on free columns this proves that the rows served so far are served at
// least cost; the prices are the dual solution.
type assignPaths struct {
	columns int
	start   []int32 // row i is edges[start[i]:start[i+1]]
	edges   []assignEdge
	level   []int64 // of a row: what it pays, cost and price
	colOf   []int32 // of a row: its column, or -1
	cols    []assignColumn

	// The running search.
	bound   int64    // distance of the nearest free column so far, or distFar
	end     int32    // that column
	queue   frontier // columns reached and not yet scanned, by distance
	tight   []int32  // those at the present distance: no need to queue
	scanned []int32
	reached []int32
}

// solve serves the rows one after the other.
func (p *assignPaths) solve() {
	rows := len(p.start) - 1
	p.level = refilled(p.level, rows, 0)
	p.colOf = refilled(p.colOf, rows, -1)
	p.cols = refilled(p.cols, p.columns, assignColumn{dist: distFar, from: -1, row: -1})
	for row := range p.colOf {
		p.augment(int32(row))
	}
}

// cost returns the total cost of the solution: what the rows pay less the prices.
func (p *assignPaths) cost() int64 {
	var total int64
	for row, col := range p.colOf {
		total += p.level[row] - p.cols[col].price
	}
	return total
}

// augment serves root: it finds the nearest free column in reduced costs (Dijkstra), raises the
// prices of the columns nearer than that, and moves the rows on the path one column on.
func (p *assignPaths) augment(root int32) {
	p.level[root] = p.cheapest(root)
	p.search(root)
	p.level[root] += p.bound
	for _, j := range p.scanned {
		c := &p.cols[j]
		p.level[c.row] += p.bound - c.dist
		c.price += p.bound - c.dist
	}
	for _, j := range p.reached {
		p.cols[j].dist = distFar
	}
	for j := p.end; j >= 0; {
		i := p.cols[j].from
		p.cols[j].row = i
		j, p.colOf[i] = p.colOf[i], j // root had none: -1 ends the path
	}
}

// cheapest returns the least cost with price of a row.
func (p *assignPaths) cheapest(row int32) int64 {
	least := distFar
	for _, e := range p.edges[p.start[row]:p.start[row+1]] {
		if e.cost() >= least {
			break
		}
		least = min(least, e.cost()+p.cols[e.col()].price)
	}
	return least
}

// search runs until no unscanned column is nearer than the nearest free one.
func (p *assignPaths) search(root int32) {
	p.bound, p.end = distFar, -1
	p.queue, p.tight = p.queue[:0], p.tight[:0]
	p.scanned, p.reached = p.scanned[:0], p.reached[:0]
	p.scan(root, 0)
	for {
		j, dist := p.nearest()
		if j < 0 {
			return
		}
		p.scanned = append(p.scanned, j)
		p.scan(p.cols[j].row, dist)
	}
}

// nearest takes the next column to scan, or -1 when a free one is as near. Columns improved
// after they were queued stand in the queue twice; the later, farther entry is skipped.
func (p *assignPaths) nearest() (col int32, dist int64) {
	if n := len(p.tight); n > 0 {
		col = p.tight[n-1]
		p.tight = p.tight[:n-1]
		if dist = p.cols[col].dist; dist < p.bound {
			return col, dist
		}
		return -1, 0
	}
	for len(p.queue) > 0 {
		top := p.queue.pop()
		if top.dist >= p.bound {
			break
		}
		if p.cols[top.col].dist == top.dist {
			return top.col, top.dist
		}
	}
	return -1, 0
}

// scan reaches the columns of a row at distance dist that are nearer than any free one so far.
func (p *assignPaths) scan(row int32, dist int64) {
	bound, cols := p.bound, p.cols
	base := dist - p.level[row]
	for _, e := range p.edges[p.start[row]:p.start[row+1]] {
		reach := base + e.cost()
		if reach >= bound {
			break // prices are ≥ 0 and the rest of the row costs no less
		}
		j := e.col()
		c := &cols[j]
		reach += c.price
		if reach >= min(bound, c.dist) {
			continue
		}
		if c.dist == distFar {
			p.reached = append(p.reached, j)
		}
		c.dist, c.from = reach, row
		switch {
		case c.row < 0:
			bound, p.end = reach, j
		case reach == dist:
			p.tight = append(p.tight, j)
		default:
			p.queue.push(waiting{reach, j})
		}
	}
	p.bound = bound
}
