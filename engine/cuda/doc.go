// Package cuda computes models on NVIDIA's GPUs: the arithmetic AC1, to the
// bits of package arith, behind the contract of package backend. The kernels
// are PTX, which is embedded and which a device's driver compiles for it.
// Devices are of compute capability 6.1 or newer.
//
// It needs no toolkit and no cgo: Library opens NVIDIA's driver, libcuda.so.1,
// when it is called.
//
// No kernel has run on a GPU yet. In tests a device is an interpreter of PTX
// (cudatest, internal/ptx), which runs the kernels that are embedded; what calls
// the library is tested with one that only pretends. Whatever a device is, Open
// and SelfTest compare what it computes with known bits before anybody is
// answered by it.
//
// A Backend has a device to itself, with a model or a part of one (package
// split makes one Backend of several). It is in parts:
//
//	device.go        what is asked of a driver, and CUDA's errors
//	library.go       NVIDIA's driver, and which devices it has
//	librarydevice.go one of them, on an OS thread of its own: streams, events, graphs
//	sensors.go       NVIDIA's management library, for temperature and power
//	kernels.go       the kernels: kernels/*.cu in CUDA C++, ptx/*/*.ptx as clang has compiled them
//	model.go         weights on the device, and the plan of its memory
//	plan.go          what memory a model takes
//	selftest.go      two tiny models whose bits are known, at the start and every hour
//	pages.go         keys and values
//	facts.go         what a step tells the device, pinned memory, and graphs
//	step.go          a step: tokens of all pieces through all layers, then what is wanted of them
//	layers.go        which kernels that takes
//	copyspeed.go     the bandwidth that a step is measured by
//
// From compute capability 9.0 on, a kernel of a step of one token begins while
// those before it are at work, and has weights brought near until they have ended
// (kernels/early.cuh).
//
// Linear layers have kernels for one token and for a few, and where a device has
// matrix instructions for bytes, two for many: with few rows, and with many. Every
// sum has the order of arith/SPEC.md, so nothing that a step has beside a sequence
// can change the sequence's bits. scripts/check/kernels.sh proves that the PTX is
// what the sources give. Start reading at step.go, then kernels/ac1.cuh and
// kernels/single.cu.
package cuda
