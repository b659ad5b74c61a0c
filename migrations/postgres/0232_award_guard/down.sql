DROP TRIGGER award_guard ON specialisation_awards;
DROP FUNCTION award_guard();
