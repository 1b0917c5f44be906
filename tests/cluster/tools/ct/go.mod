module ct

go 1.26.0

require github.com/helm/chart-testing/v3 v3.14.0
