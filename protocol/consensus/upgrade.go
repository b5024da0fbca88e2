package consensus

import (
	"fmt"
	"strings"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	sm "github.com/cometbft/cometbft/state"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/store"
)

// Upgrades (params.Upgrade). The version of the application in each header is the
// number of upgrades under which its block is made. So who has another list, or
// none, refuses the first block that differs, and cannot follow a fork; and a node
// whose program does not know the rules of a block ends before it looks at it.

// wrongVersion is what CometBFT says of a header of another version.
const wrongVersion = "wrong Block.Header.Version"

// knows returns [ErrUpgrade] where block h is made under rules that the program
// does not know.
func (a *app) knows(h protocol.Height) error {
	if need := a.g.Params.RulesAt(h); need > a.rules {
		return fmt.Errorf("%w: rules %d from block %d on, this program knows %d", ErrUpgrade, need, a.g.Params.Upgrades[a.g.Params.Upgraded(h)-1].Height, a.rules)
	}
	return nil
}

// upgrade is what CometBFT is told with block h: the version of the block after
// it, where that is another.
func (a *app) upgrade(h protocol.Height) *cmtproto.ConsensusParams {
	now, next := a.g.Params.Upgraded(h), a.g.Params.Upgraded(h+1)
	if now == next {
		return nil
	}
	u := a.g.Params.Upgrades[next-1]
	a.log.Info().Uint64("height", uint64(h+1)).Uint32("rules", u.Rules).Int("upgrade", next).Msg("an upgrade of the network begins with the next block")
	return &cmtproto.ConsensusParams{Version: &cmtproto.VersionParams{App: uint64(next)}}
}

// align has CometBFT ask for the version that the genesis gives the next block: one
// that was added to it since the block before is not in the state that it kept. It
// returns [ErrUpgrade] where the newest block was made under another number: who
// went on from there had a chain that nobody could carry out again.
func (a *app) align(db *store.DB) error {
	kept := sm.NewStore(cometDB(db, "state"), sm.StoreOptions{})
	s, err := kept.Load()
	if err != nil {
		return fmt.Errorf("read the state of consensus: %w", err)
	}
	if meta := OpenArchive(db).blocks.LoadBlockMeta(s.LastBlockHeight); meta != nil {
		if is, was := uint64(a.g.Params.Upgraded(protocol.Height(s.LastBlockHeight))), meta.Header.Version.App; is != was {
			return fmt.Errorf("%w: the genesis has %d upgrades up to block %d, which was made under %d", ErrUpgrade, is, s.LastBlockHeight, was)
		}
	}
	want := uint64(a.g.Params.Upgraded(protocol.Height(s.LastBlockHeight) + 1))
	if s.IsEmpty() || s.LastBlockHeight == 0 || s.Version.Consensus.App == want {
		return nil
	}
	s.Version.Consensus.App, s.ConsensusParams.Version.App = want, want
	s.LastHeightConsensusParamsChanged = s.LastBlockHeight + 1
	if err := kept.Save(s); err != nil {
		return fmt.Errorf("write the state of consensus: %w", err)
	}
	return nil
}

// foretell tells an operator of the next upgrade while there is time.
func (a *app) foretell() {
	_, newest := a.latest()
	n := a.g.Params.Upgraded(newest + 1)
	if n == len(a.g.Params.Upgrades) {
		return
	}
	u := a.g.Params.Upgrades[n]
	level, text := zerolog.InfoLevel, "the network's rules change"
	if u.Rules > a.rules {
		level, text = zerolog.WarnLevel, "this program stops where the network's rules change: install a newer one before that block"
	}
	a.log.WithLevel(level).Uint64("height", uint64(u.Height)).Uint64("blocks", uint64(u.Height-newest)).Uint32("rules", u.Rules).Uint32("known", a.rules).Msg(text)
}

// ofUpgrade reports whether a text in which CometBFT's state machine ended is of
// rules that the node does not have.
func ofUpgrade(reason string) bool {
	return strings.Contains(reason, ErrUpgrade.Error()) || strings.Contains(reason, wrongVersion)
}
