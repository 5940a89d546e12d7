"""What operations read on Airflow's own pages."""
