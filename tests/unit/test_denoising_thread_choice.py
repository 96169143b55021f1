from rapidstem.denoising.training.thread_choice import STEPS_A_ROUND, ThreadChoice


def run(choice: ThreadChoice, wall_s: dict[int, float], busy_s: dict[int, float], rounds: int) -> list[str]:
    """Steps whose time depends on the threads; what was said."""
    words = [choice.after_step(wall_s[choice.used], busy_s[choice.used]) for _ in range(rounds * STEPS_A_ROUND)]
    return [each for each in words if each]


def test_a_training_that_has_its_cores_keeps_its_threads():
    choice = ThreadChoice(4)
    assert run(choice, {4: 0.3}, {4: 1.15}, 30) == []
    assert choice.used == 4


def test_threads_that_wait_give_way_to_fewer_that_are_faster_and_the_log_says_so():
    choice = ThreadChoice(2)
    (said,) = run(choice, {2: 4.0, 1: 0.6}, {2: 1.0, 1: 0.55}, 8)
    assert choice.used == 1
    assert said == "the machine is busy: threads 1 in place of 2, 0.60 s a step in place of 4.00 s"


def test_fewer_threads_that_are_no_faster_are_given_up():
    choice = ThreadChoice(2)
    assert run(choice, {2: 1.0, 1: 0.9}, {2: 0.4, 1: 0.4}, 4) == []
    assert choice.used == 2


def test_beside_another_training_of_its_size_the_numbers_stay():
    choice = ThreadChoice(2)
    assert run(choice, {2: 0.6, 1: 0.4}, {2: 0.6, 1: 0.4}, 20) == []
    assert choice.used == 2


def test_threads_come_back_when_the_machine_is_free_again():
    choice = ThreadChoice(2)
    run(choice, {2: 4.0, 1: 0.6}, {2: 1.0, 1: 0.55}, 3)
    assert choice.used == 1
    run(choice, {2: 0.3, 1: 0.6}, {2: 0.58, 1: 0.6}, 14)
    assert choice.used == 2


def test_no_more_threads_come_back_than_there_were_and_a_single_one_stays():
    choice = ThreadChoice(3)
    run(choice, {3: 4.0, 1: 0.6}, {3: 1.0, 1: 0.55}, 3)
    assert choice.used == 1
    run(choice, {3: 0.2, 2: 0.3, 1: 0.6}, {3: 0.58, 2: 0.58, 1: 0.6}, 40)
    assert choice.used == 3
    alone = ThreadChoice(1)
    assert run(alone, {1: 4.0}, {1: 0.4}, 4) == [] and alone.used == 1


def test_a_machine_that_becomes_busy_after_a_while_is_seen_at_once():
    choice = ThreadChoice(2)
    run(choice, {2: 1.0}, {2: 1.9}, 20)
    (said,) = run(choice, {2: 4.0, 1: 0.6}, {2: 1.0, 1: 0.55}, 3)
    assert choice.used == 1 and said.startswith("the machine is busy")
