package daemon

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol/node"
)

// errElsewhere says that another process has this home's hotkey.
var errElsewhere = errors.New("the hotkey is live elsewhere, as who runs with it has just signed: neither would be heard well, and of two validators one may be punished; " +
	"stop the other, or give --force")

func forceFlag() cli.Flag {
	return &cli.BoolFlag{Name: "force", Usage: "start also where the hotkey is live elsewhere", DisableDefaultText: true}
}

// CheckAlone asks the bootstrap peers whether the hotkey is live elsewhere, unless
// --force says not to. Nobody who can be asked is no reason to wait.
func (d *Daemon) CheckAlone(c *cli.Context) error {
	if c.Bool("force") || len(d.Config.Node.Bootstrap) == 0 {
		return nil
	}
	defer d.WaitFor("peers, to say whether the hotkey is live elsewhere")()
	there, err := node.Present(c.Context, &node.Config{
		Genesis: d.Genesis, Hotkey: d.Hotkey, Generation: d.Config.Generation(), Bootstrap: d.Config.Node.Bootstrap, Logger: d.Log,
	})
	switch {
	case err != nil:
		return d.Explain(err)
	case there:
		return errElsewhere
	}
	return nil
}
