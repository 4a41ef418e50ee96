package app

import (
	"context"
	"os"

	"comptoir/internal/db"
)

// examineFirst is how large a database may be, in bytes, to be read before the doors open: a quarter of a second.
// A larger one is read while they are open.
const examineFirst = 64 << 20

// whole refuses a SQLite database whose log was cut, unless the operator accepts the loss, and is asked before it
// is opened: SQLite would go on without a word. cut is what is accepted.
func (c Config) whole() (cut, refused error) {
	if c.Database != "" {
		return nil, nil
	}
	cut = db.CheckLog(c.databaseURL())
	if cut != nil && !c.AcceptLoss {
		return nil, cut
	}
	return cut, nil
}

// wholeBeside is whole for a verb that does not hold the folder: a running server has asked already.
func (c Config) wholeBeside() error {
	if c.Database != "" {
		return nil
	}
	unlock, err := db.Lock(c.Data)
	if err != nil {
		return nil
	}
	defer unlock()
	_, refused := c.whole()
	return refused
}

// examine looks for torn pages, before the doors open or, in a large database, behind them.
func (a *App) examine(ctx context.Context) error {
	if st, err := os.Stat(a.cfg.databaseURL()); a.cfg.Database != "" || err != nil {
		return nil
	} else if st.Size() <= examineFirst {
		return a.DB.Examine(ctx)
	}
	a.runs = append(a.runs, func(ctx context.Context) error {
		if err := a.DB.Examine(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		return nil
	})
	return nil
}

// holdBack has what was on its way wait for a person when the end of the log was lost: the rows are older than what
// happened, and an answer that left would leave again.
func (a *App) holdBack(ctx context.Context, cut error) error {
	if cut == nil {
		return nil
	}
	held, err := a.Inbox.HoldBack(ctx)
	a.log.Warn("the end of the database's log is lost: what was on its way waits for a person", "count", held, "err", cut)
	return err
}
