#!/bin/sh
# Run by PostgreSQL's image when it creates the database: lets a replica connect with the password.
echo "host replication shop all scram-sha-256" >> "$PGDATA/pg_hba.conf"
