package floor

import (
	"context"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// Grid is how many parts the plan has each way: a table stands at one of them, 0 to Grid.
const Grid = 24

// Where tables are set by themselves: the counter stands below.
const firstX, lastX, firstY, lastY = 2, 22, 4, 17

// freeSpot is where a new table stands: in rows, with as much room around as there is. The tables of a zone stand
// together, and a new zone begins a row of its own.
func freeSpot(here []Table, zoneID string) (x, y int) {
	own, below := Grid, firstY
	for _, t := range here {
		below = max(below, t.Y+6)
		if t.ZoneID == zoneID {
			own = min(own, t.Y)
		}
	}
	from := min(own, below)
	for _, room := range []struct{ x, y int }{{4, 6}, {4, 4}, {3, 3}, {2, 2}, {1, 1}} {
		for y := from; y <= lastY; y++ {
			for x := firstX; x <= lastX; x++ {
				if isFree(here, x, y, room.x, room.y) {
					return x, y
				}
			}
		}
		from = firstY
	}
	return firstX + len(here)%(lastX-firstX), firstY + len(here)%(lastY-firstY) // on top of another, until somebody moves it
}

func isFree(here []Table, x, y, roomX, roomY int) bool {
	for _, t := range here {
		if max(x-t.X, t.X-x) < roomX && max(y-t.Y, t.Y-y) < roomY {
			return false
		}
	}
	return true
}

// Spot is where a table is put on the plan.
type Spot struct {
	TableID string
	X, Y    int
}

// Arrange moves tables on the plan; those that are not named stay.
func Arrange(ctx context.Context, tx db.Tx, actor place.Actor, placeID string, spots []Spot) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	for _, s := range spots {
		if !onPlan(s.X, s.Y) {
			return fault.InvalidFields("floor.arrange", fault.Field{Name: "x", Key: "floor.table_spot"})
		}
		n, err := tx.Exec(ctx, "UPDATE floor_table SET x = $3, y = $4 WHERE place_id = $1 AND id = $2 AND removed_at = 0", placeID, s.TableID, s.X, s.Y)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "floor.arrange", "")
		}
	}
	return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "tables.arranged", SubjectID: placeID, Data: map[string]any{"count": len(spots)}})
}

func onPlan(x, y int) bool { return x >= 0 && x <= Grid && y >= 0 && y <= Grid }
