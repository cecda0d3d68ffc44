"""Learn to drive by reinforcement: PPO of Stable-Baselines3 on the observation vector.

    pip install -c constraints.txt -e ".[rl,onnx]"
    python examples/learn_ppo.py --action discrete_meta --minutes 10 --out runs/ppo

The policy learns on training seeds of three scenarios. At the end it drives validation seeds, and the script
writes ``ppo.onnx`` and its card. An existing run folder is continued from its checkpoint;
``--minutes 0`` only drives and writes.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from ppo_network import RoadUserFeatures
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

from drive_stack.gym import ENV_ID
from drive_stack.rl.vector import VECTOR_SIZE
from drive_stack.runtime.weights import write_card
from drive_stack.seeds import SeedSplit

SCENARIOS = ("cruise", "slow_lead", "dense_traffic")
EPISODES = (0.2, 0.5, 0.3)  # fraction of each in training; the hardest one has most
AGENT_HZ = {"discrete_meta": 2, "accelerations": 5, "continuous": 5}  # decisions per second
ENTROPY = {"discrete_meta": 0.005, "accelerations": 0.0, "continuous": 0.0}  # weight of the bonus
EVALUATION_HZ = 20  # physics ticks per second
PHYSICS_HZ = 10  # half the ticks of an evaluation, because training spends its time in them
HORIZON = 8.0  # rewards this much later count 1/e [s]
REWARD_SCALE = 0.01  # an episode then earns up to 1.5
STEERING = 0.1  # fraction of the steering range that a continuous policy uses
WORLDS, STEPS = 16, 256  # environments, steps of each between two updates
BATCH, EPOCHS, LEARNING_RATE = 512, 6, 3e-4
CHECKPOINT_SECONDS = 120.0


class ScenarioMix(gym.Wrapper[Any, Any, Any, Any]):
    """Draws a scenario for each episode, and a training seed."""

    def __init__(self, env: gym.Env[Any, Any], seed: int) -> None:
        super().__init__(env)
        self._rng = np.random.default_rng(seed)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start an episode of a drawn scenario."""
        scenario = str(self._rng.choice(SCENARIOS, p=EPISODES))
        episode = int(self._rng.integers(SeedSplit.TRAINING.seeds.stop)) if seed is None else seed
        return self.env.reset(seed=episode, options={**(options or {}), "scenario": scenario})


class SmallSteering(gym.ActionWrapper[Any, Any, Any]):
    """Scales steering, because the whole range is too coarse at highway speed."""

    def action(self, action: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scale the first component."""
        return action * np.array([STEERING, 1.0], dtype=np.float32)


def make_env(action: str, scenario: str = SCENARIOS[0], physics_hz: int = PHYSICS_HZ) -> gym.Env[Any, Any]:
    """Make an environment with the vector observation."""
    env: gym.Env[Any, Any] = gym.make(
        ENV_ID, scenario=scenario, observation="vector", action=action, physics_hz=physics_hz,
        agent_hz=AGENT_HZ[action], disable_env_checker=True,
    )  # fmt: skip
    env = SmallSteering(env) if action == "continuous" else env
    return gym.wrappers.TransformReward(env, lambda reward: float(reward) * REWARD_SCALE)


@dataclass(frozen=True, slots=True)
class Score:
    """How a policy drove one scenario."""

    episodes: int
    completed: int
    collisions: int
    mean_return: float


def evaluate(model: PPO, action: str, seeds: range) -> dict[str, Score]:
    """Drive every scenario on all ``seeds`` with the most probable actions."""
    scores = {}
    for scenario in SCENARIOS:
        env = make_env(action, scenario, EVALUATION_HZ)
        outcomes, returns = defaultdict[str, int](int), []
        for seed in seeds:
            observation, info = env.reset(seed=seed)
            ended, total = False, 0.0
            while not ended:
                choice, _ = model.predict(observation, deterministic=True)
                observation, reward, terminated, truncated, info = env.step(choice)
                ended, total = terminated or truncated, total + float(reward)
            outcomes[info["outcome"]] += 1
            returns.append(total)
        env.close()
        scores[scenario] = Score(
            len(seeds), outcomes["completed"], outcomes["collision"], float(np.mean(returns))
        )
    return scores


class MostProbableAction(torch.nn.Module):
    """The part of a policy that driving needs: logits of meta-actions, or the mean of continuous actions."""

    def __init__(self, model: PPO) -> None:
        super().__init__()
        self._users = model.policy.features_extractor
        self._features = model.policy.mlp_extractor.policy_net
        self._actions = model.policy.action_net

    def forward(self, vector: torch.Tensor) -> torch.Tensor:
        """Return the outputs (1, N) of an observation vector (1, `VECTOR_SIZE`)."""
        outputs: torch.Tensor = self._actions(self._features(self._users(vector)))
        return outputs


def export(model: PPO, action: str, path: Path, facts: dict[str, object]) -> None:
    """Write the policy as ONNX with its card, for ``--set weights=PATH`` of the agent ``ppo``."""
    with torch.no_grad():
        torch.onnx.export(
            MostProbableAction(model).eval(), (torch.zeros((1, VECTOR_SIZE)),), str(path),
            input_names=["vector"], output_names=["action"], opset_version=17, dynamo=False,
        )  # fmt: skip
    layout = {"action": action, "decision_period": 1.0 / AGENT_HZ[action], "vector": VECTOR_SIZE}
    command = f"python examples/learn_ppo.py --action {action}"
    write_card(path, command, {"date": date.today().isoformat(), "layout": layout, **facts})


class Progress(BaseCallback):
    """Stops after a time, lowers the learning rate to 0 until then, and saves checkpoints."""

    def __init__(self, out: Path, seconds: float) -> None:
        super().__init__()
        self._out, self._end, self._start = out, time.monotonic() + seconds, time.monotonic()
        self._next_save = time.monotonic() + CHECKPOINT_SECONDS
        self._first_step = 0  # number of steps before this training

    def _on_training_start(self) -> None:
        self._first_step = self.num_timesteps

    def _on_step(self) -> bool:
        return time.monotonic() < self._end

    def _on_rollout_end(self) -> None:
        episodes = self.model.ep_info_buffer or ()
        successes = self.model.ep_success_buffer or ()
        elapsed = time.monotonic() - self._start
        rate = LEARNING_RATE * max(1.0 - elapsed / max(self._end - self._start, 1e-9), 0.0)
        self.model.lr_schedule = lambda _, rate=rate: rate
        print(
            f"{elapsed / 60:6.1f} min  {self.num_timesteps:9,} steps  "
            f"{(self.num_timesteps - self._first_step) / elapsed:6.0f} steps/s  "
            f"return {np.mean([episode['r'] for episode in episodes] or [np.nan]):6.2f}  "
            f"completed {np.mean(successes or [np.nan]):.0%}",
            flush=True,
        )
        if time.monotonic() >= self._next_save:
            self._next_save = time.monotonic() + CHECKPOINT_SECONDS
            self.model.save(self._out / "checkpoint.zip")


def learn(action: str, seconds: float, out: Path, seed: int) -> PPO:
    """Train for ``seconds`` and return the model; continues the checkpoint in ``out`` if there is one."""
    worlds = DummyVecEnv(
        [lambda k=k: Monitor(ScenarioMix(make_env(action), seed + k)) for k in range(WORLDS)]
    )
    gamma = float(np.exp(-1.0 / (HORIZON * AGENT_HZ[action])))
    checkpoint = out / "checkpoint.zip"
    if checkpoint.exists():
        model = PPO.load(checkpoint, env=worlds, device="cpu")
    else:
        model = PPO(
            "MlpPolicy", worlds, n_steps=STEPS, batch_size=BATCH, n_epochs=EPOCHS,
            learning_rate=LEARNING_RATE, gamma=gamma, gae_lambda=0.95,
            ent_coef=ENTROPY[action], clip_range=0.2,
            policy_kwargs={
                "features_extractor_class": RoadUserFeatures, "net_arch": [128, 128], "log_std_init": -1.0,
            },
            seed=seed, device="cpu",
        )  # fmt: skip
    model.learn(10**9, callback=Progress(out, seconds), reset_num_timesteps=False)
    model.save(checkpoint)
    worlds.close()
    return model


def main() -> None:
    """Train, evaluate on validation seeds and write the policy."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--action", choices=sorted(AGENT_HZ), default="discrete_meta")
    parser.add_argument("--minutes", type=float, default=10.0, help="time of training (default: 10)")
    parser.add_argument("--episodes", type=int, default=40, help="validation seeds of each scenario")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: 1)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/ppo"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    model = learn(args.action, 60.0 * args.minutes, args.out, args.seed)
    first = SeedSplit.VALIDATION.first
    scores = evaluate(model, args.action, range(first, first + args.episodes))
    for scenario, score in scores.items():
        print(f"{scenario}: completed {score.completed} of {score.episodes}, {score.collisions} collisions")
    if args.action == "continuous":
        return  # the agent `ppo` runs the other two
    facts: dict[str, object] = {
        "network": "One encoder for all road users, then two layers of 128; "
        "trained by PPO of Stable-Baselines3.",
        "privileged": "Its input is the observation vector, which is read from the truth.",
        "training": {
            "scenarios": SCENARIOS, "seeds": [0, SeedSplit.TRAINING.seeds.stop - 1],
            "steps": model.num_timesteps,
            "discount_horizon_s": HORIZON, "physics_hz": PHYSICS_HZ, "agent_hz": AGENT_HZ[args.action],
        },
        "validation": {
            "seeds": [first, first + args.episodes - 1],
            "scenarios": {scenario: asdict(score) for scenario, score in scores.items()},
        },
    }  # fmt: skip
    export(model, args.action, args.out / "ppo.onnx", facts)
    print(
        f"written: {args.out / 'ppo.onnx'}; drive it with --agent ppo --set weights={args.out / 'ppo.onnx'}"
    )


if __name__ == "__main__":
    main()
