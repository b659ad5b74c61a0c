DROP TABLE policy_simulation_rows;
DROP TABLE policy_simulations;
