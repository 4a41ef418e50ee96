package main

import (
	"context"

	"comptoir/internal/app"
	show "comptoir/internal/demo"
)

type demo struct {
	Listen   string  `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"ADDR"`
	Seed     uint64  `help:"The same seed plays the same evening." default:"1"`
	Speed    float64 `help:"How fast the evening goes." default:"1"`
	LogLevel string  `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"warn" name:"log-level"`
}

func (d *demo) Run(ctx context.Context, t terminal) error {
	log := logger(app.Config{LogFormat: "auto", LogLevel: d.LogLevel}, t.err)
	return show.Run(ctx, show.Config{Listen: d.Listen, Seed: d.Seed, Speed: d.Speed}, log, t.out)
}
