package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/assaynet/assay/cmd/internal/cmdtest"
	"github.com/assaynet/assay/cmd/internal/daemon"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"miner": func() {
		daemon.BePatient()
		main()
	}})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: cmdtest.Setup, Cmds: cmdtest.Cmds})
}

func TestHelpIsWhole(t *testing.T) { cmdtest.CheckHelp(t, app()) }
