// Package dashboard makes the Grafana dashboard of assay serve: JSON makes it of a
// list of panels, and a test beside the metrics holds each query to those that
// exist.
//
// Source: Grafana's JSON model of dashboards.
package dashboard
