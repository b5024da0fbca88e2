package daemon

import (
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/engine"
)

// What tests look at from outside.
var (
	Announced = (*Daemon).announced
	Part      = part
	LookAt    = (*Vitals).look
	Twice     = twice
)

// Stopping bounds the end of a daemon.
type Stopping = stopping

// NewStopping returns one that calls exit where a daemon would end.
func NewStopping(log zerolog.Logger, exit func(int)) *Stopping {
	return &stopping{log: log, exit: exit}
}

// What they are named after.
const (
	StopPatience = stopPatience
	StopTick     = stopTick
)

// WaitFor, Begin and Done are those of stopping.
func (s *stopping) WaitFor(what string) func() { return s.waitFor(what) }

func (s *stopping) Begin() { s.begin() }

func (s *stopping) Done() { s.done() }

// Limit is what begin starts, with signals and ticks of the test's own.
func (s *stopping) Limit(end <-chan struct{}, again <-chan os.Signal, tick <-chan time.Time) {
	s.limit(end, again, tick)
}

// See makes the metrics tell of devices of the test's own.
func (m *EngineMetrics) See(list []engine.DeviceStats) {
	m.devices = func() []engine.DeviceStats { return list }
}

// KeepsOfRuns returns how many bytes of past runs the engine keeps of a model.
func KeepsOfRuns(role config.Role, file int64) int64 { return keepsOfRuns(role, file) }
