import { describeBasicPlan } from './basic-plan.ts';

describeBasicPlan('oidcc-basic-certification-test-plan', 'default');
