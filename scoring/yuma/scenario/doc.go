// Package scenario runs the epoch of scoring/yuma on a file: a state, and
// operations on it in order, of which some are epochs. It is how anyone sees what
// the production code pays in a case that never happened.
//
// The form is "yuma-epoch/1", JSON. setup is the state before the first
// operation; the operations are
//
//	set_block    {block}: the height from now on
//	set_stake    {uid, stake}, in units
//	set_weights  {uid, uids, values, stored}: values as submitted; stored, which
//	             may be left out, is what they are after the max-upscale. The last
//	             update of uid becomes the height.
//	replace_uid  {uid, stake}: a new key in the seat. Its registration and last
//	             update become the height; its permit, weights and bonds are
//	             cleared; what others' weights say of it becomes zero, and their
//	             bonds in it stay.
//	reset_bonds  {uid}: bonds in the seat are dropped
//	epoch        {emission, model}: emission in units; model, which may be left
//	             out, is what the epoch should decide
//
// The setup's zeros_keep_bonds and carry_if_no_incentive are rules that the
// networks have which ship, and the reference has not: they are off where a file
// does not say so.
//
// Fields that only say where a file comes from are passed over; those that would
// change what is computed and are not known are refused. The vectors of
// scoring/yuma/testdata are such files.
package scenario
