-- What finding is compared with: PostgreSQL looking at every run once.
SELECT count(*) FROM production_runs
